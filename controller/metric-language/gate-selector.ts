/**
 * PromQL selectors of the gates: checks that a text is one instant vector selector and adds matchers to it. A gate asks for raw samples, so that
 * functions, offsets and ranges are refused; what is added is quoted, so that no value can end its string.
 */
import { parser } from '@prometheus-io/lezer-promql'

const LONGEST_SELECTOR = 2000

export interface Matcher {
  readonly label: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** Why the text cannot be asked for as raw samples; undefined when it can. */
export function findSelectorProblem(text: string): string | undefined {
  if (text.length > LONGEST_SELECTOR) return `the selector is longer than ${LONGEST_SELECTOR} characters`
  if (locate(text)) return undefined
  return `"${text.slice(0, 100)}" is not an instant vector selector such as http_requests_total{job="shop"}: the raw counter, without rate(), sum(), range or offset`
}

/** The selector with matchers added. The text must have no problem. */
export function addMatchers(text: string, matchers: readonly Matcher[]): string {
  const found = locate(text)
  const selector = found === undefined ? text.trim() : text.slice(found.from, found.to)
  const added = matchers.map(({ label, op, value }) => `${label}${op}${JSON.stringify(value)}`).join(',')
  if (added === '') return selector
  if (found === undefined || !found.hasBraces) return `${selector}{${added}}`
  const own = selector.slice(0, -1).trimEnd().replace(/,$/, '')
  return `${own}${own.endsWith('{') ? '' : ','}${added}}`
}

/** Whether it has matchers of its own. */
export const hasMatchers = (text: string): boolean => /\{[^}]*[a-zA-Z_][^}]*\}/.test(text)

/** A value as RE2 reads it literally. */
export const quoteRegex = (value: string): string => value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')

interface Located {
  readonly from: number
  readonly to: number
  readonly hasBraces: boolean
}

function locate(text: string): Located | undefined {
  const root = parser.parse(text).topNode
  const selector = root.firstChild
  if (selector?.name !== 'VectorSelector') return undefined
  for (let node = selector.nextSibling; node; node = node.nextSibling) if (node.name !== 'LineComment') return undefined
  const cursor = root.cursor()
  do {
    if (cursor.type.isError) return undefined
  } while (cursor.next())
  return { from: selector.from, to: selector.to, hasBraces: selector.getChild('LabelMatchers') !== null }
}
