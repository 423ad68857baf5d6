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
  const found = locate(text)
  if (found && !found.hasName)
    return `"${text.slice(0, 100)}" names no metric: it would take all series of the pods for requests`
  // What is added to the end of a commented line would be lost.
  if (found && !found.hasComment) return undefined
  if (found) return 'a comment within the braces is not taken'
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

/** `{__name__="a"}` or `{"a"}`; a pattern that takes everything names nothing. */
const namesMetric = (text: string, { from, to }: { readonly from: number; readonly to: number }): boolean => {
  const inner = text.slice(from, to)
  return /^\{\s*["']/.test(inner) || /__name__\s*=~?\s*["'`](?!\.[+*]["'`])/.test(inner)
}

/** A value as RE2 reads it literally. */
export const quoteRegex = (value: string): string => value.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')

interface Located {
  readonly from: number
  readonly to: number
  readonly hasBraces: boolean
  readonly hasName: boolean
  /** Within the selector, not behind it. */
  readonly hasComment: boolean
}

function locate(text: string): Located | undefined {
  const root = parser.parse(text).topNode
  const selector = root.firstChild
  if (selector?.name !== 'VectorSelector') return undefined
  for (let node = selector.nextSibling; node; node = node.nextSibling) if (node.name !== 'LineComment') return undefined
  const { from, to } = selector
  let hasComment = false
  const cursor = root.cursor()
  do {
    if (cursor.type.isError) return undefined
    if (cursor.name === 'LineComment' && cursor.from < to) hasComment = true
  } while (cursor.next())
  const matchers = selector.getChild('LabelMatchers')
  const hasName = selector.getChild('Identifier') !== null || (matchers !== null && namesMetric(text, matchers))
  return { from, to, hasBraces: matchers !== null, hasName, hasComment }
}
