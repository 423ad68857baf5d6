/** What a business event is called in a text: read from its counter's name, which is all that a gate knows of it. */
import type { Noun } from './format.ts'

const NAME = /^\s*([a-zA-Z_:][a-zA-Z0-9_:]*)/
/** Endings that say how it is counted and not what. */
const COUNTED = /_(?:total|count|sum|created)$/

/** `orders_completed_total{app="shop"}`: `order completed`, `orders completed`. Undefined for a selector without a name. */
export function nameEvents(selector: string): Noun | undefined {
  const name = NAME.exec(selector)?.[1]
  if (name === undefined) return undefined
  const many = name.replace(COUNTED, '').replaceAll(/[_:]+/g, ' ').trim()
  return many === '' ? undefined : { one: singularOf(many), many }
}

/** The first plural among the words: `orders`, not `success` or `status`. */
const singularOf = (words: string): string => words.replace(/(\w*[^su\W])s\b/, '$1')
