/**
 * go-feature-flag: YAML (or JSON) with one entry per flag, whose `defaultRule.percentage` gives each variation its share in per cent. Rules of
 * `targeting` come first there, and are the user's.
 */
import { type Document, isMap, parseDocument } from 'yaml'
import { type FlagFile, type Variants, weightOf } from './flag-file.ts'

export const goFeatureFlag: FlagFile = {
  read(text, variants, maxWeight) {
    const document = open(text, variants)
    if ('problem' in document) return document
    const shares = document.getIn([variants.flag, 'defaultRule', 'percentage'])
    if (!isMap(shares)) return undefined
    const said: Record<string, unknown> = shares.toJSON()
    const others = Object.entries(said).filter(([name]) => name !== variants.stable && name !== variants.canary)
    if (others.some(([, share]) => share !== 0)) return undefined
    return weightOf(said[variants.stable], said[variants.canary], maxWeight)
  },
  write(text, variants, canary, maxWeight) {
    const document = open(text, variants)
    if ('problem' in document) return document
    const rule = [variants.flag, 'defaultRule']
    if (!isMap(document.getIn(rule))) document.setIn(rule, document.createNode({}))
    // A fixed or progressive variation would go before the shares.
    for (const key of ['variation', 'progressiveRollout']) document.deleteIn([...rule, key])
    const percent = (weight: number): number => Number(((weight * 100) / maxWeight).toFixed(6))
    const shares = { [variants.stable]: percent(maxWeight - canary), [variants.canary]: percent(canary) }
    document.setIn([...rule, 'percentage'], document.createNode(shares))
    return document.toString({ lineWidth: 0 })
  },
}

function open(text: string, { flag, stable, canary }: Variants): Document | { readonly problem: string } {
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) return { problem: `is no YAML (${error.code}): mend it` }
  const variations = document.getIn([flag, 'variations'])
  if (!isMap(variations)) return { problem: `has no flag "${flag}" with variations: add it` }
  const absent = [stable, canary].find((name) => !variations.has(name))
  return absent === undefined ? document : { problem: `gives flag "${flag}" no variation "${absent}": add it` }
}
