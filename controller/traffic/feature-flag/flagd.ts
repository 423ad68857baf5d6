/**
 * OpenFeature's flagd: JSON with `flags.<name>.targeting`, a rule whose `fractional` operators share users out among variants. Each `fractional` that
 * names both of ours, however deep it stands in the user's rule, gets the weights; a flag without a rule gets one that is nothing else.
 */
import { z } from 'zod'
import { type FlagFile, type Variants, weightOf } from './flag-file.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const file = z.looseObject({
  flags: z.record(
    z.string(),
    z.looseObject({ variants: z.record(z.string(), z.unknown()), targeting: z.json().optional() }),
  ),
})

export const flagd: FlagFile = {
  read(text, variants, maxWeight) {
    const flag = open(text, variants)
    if ('problem' in flag) return flag
    if (isEmpty(flag.targeting)) return undefined
    const found = weightsIn(flag.targeting, variants, maxWeight)
    if (found.length === 0) return noFractional(variants)
    return found.every((weight) => weight === found[0]) ? found[0] : undefined
  },
  write(text, variants, canary, maxWeight) {
    const flag = open(text, variants)
    if ('problem' in flag) return flag
    const shares = { [variants.stable]: maxWeight - canary, [variants.canary]: canary }
    const targeting = isEmpty(flag.targeting)
      ? { fractional: Object.entries(shares).map(([name, weight]) => [name, weight]) }
      : replaceShares(flag.targeting, variants, shares)
    if (!isEmpty(flag.targeting) && weightsIn(flag.targeting, variants, maxWeight).length === 0)
      return noFractional(variants)
    return write(text, variants.flag, targeting)
  },
}

const noFractional = ({ flag, stable, canary }: Variants): { readonly problem: string } => ({
  problem: `gives flag "${flag}" a targeting without a fractional of "${stable}" and "${canary}": add one where the share is to count`,
})

const isEmpty = (targeting: Json | undefined): targeting is undefined =>
  targeting === undefined ||
  targeting === null ||
  (typeof targeting === 'object' && !Array.isArray(targeting) && Object.keys(targeting).length === 0)

function open(
  text: string,
  { flag, stable, canary }: Variants,
): { readonly targeting: Json | undefined } | { readonly problem: string } {
  const parsed = file.safeParse(parse(text))
  if (!parsed.success) return { problem: 'is no flag file of flagd (JSON with flags and their variants): mend it' }
  const found = Object.hasOwn(parsed.data.flags, flag) ? parsed.data.flags[flag] : undefined
  if (!found) return { problem: `has no flag "${flag}": add it` }
  const absent = [stable, canary].find((name) => !Object.hasOwn(found.variants, name))
  if (absent !== undefined) return { problem: `gives flag "${flag}" no variant "${absent}": add it` }
  return { targeting: found.targeting }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `[name, weight]`; a variant alone counts as 1. */
function shareOf(entry: Json, name: string): Json | undefined {
  if (!Array.isArray(entry) || entry[0] !== name) return undefined
  return entry.length === 1 ? 1 : entry[1]
}

/** Of every `fractional` that names both; one with further variants, or with weights that are none, is unreadable. */
function weightsIn(rule: Json, variants: Variants, maxWeight: number): readonly (number | undefined)[] {
  return fractionals(rule)
    .filter((entries) => namesBoth(entries, variants))
    .map((entries) => {
      const share = (name: string): Json | undefined => entries.flatMap((entry) => shareOf(entry, name) ?? [])[0]
      const lists = entries.filter((entry) => Array.isArray(entry))
      return lists.length === 2 ? weightOf(share(variants.stable), share(variants.canary), maxWeight) : undefined
    })
}

const namesBoth = (entries: readonly Json[], { stable, canary }: Variants): boolean =>
  [stable, canary].every((name) => entries.some((entry) => shareOf(entry, name) !== undefined))

function fractionals(rule: Json): readonly (readonly Json[])[] {
  if (typeof rule !== 'object' || rule === null) return []
  if (Array.isArray(rule)) return rule.flatMap(fractionals)
  return Object.entries(rule).flatMap(([operator, value]) =>
    operator === 'fractional' && Array.isArray(value) ? [value as readonly Json[]] : fractionals(value),
  )
}

function replaceShares(rule: Json, variants: Variants, shares: Readonly<Record<string, number>>): Json {
  if (typeof rule !== 'object' || rule === null) return rule
  if (Array.isArray(rule)) return rule.map((entry: Json) => replaceShares(entry, variants, shares))
  return Object.fromEntries(
    Object.entries(rule).map(([operator, value]): readonly [string, Json] => {
      const isOurs = operator === 'fractional' && Array.isArray(value) && namesBoth(value, variants)
      if (!isOurs) return [operator, replaceShares(value, variants, shares)]
      return [operator, value.map((entry: Json) => withShare(entry, shares))]
    }),
  )
}

function withShare(entry: Json, shares: Readonly<Record<string, number>>): Json {
  const [name] = Array.isArray(entry) ? (entry as readonly Json[]) : []
  const weight = typeof name === 'string' && Object.hasOwn(shares, name) ? shares[name] : undefined
  return weight === undefined ? entry : [name ?? null, weight]
}

/** In the indentation that the text has. */
function write(text: string, flag: string, targeting: Json): string {
  const whole = parse(text) as { flags: Record<string, Record<string, Json>> }
  const flags = { ...whole.flags, [flag]: { ...whole.flags[flag], targeting } }
  const indent = /^\s*{\r?\n([ \t]+)/.exec(text)?.[1]
  const end = text.endsWith('\n') ? '\n' : ''
  return `${JSON.stringify({ ...whole, flags }, undefined, indent)}${end}`
}
