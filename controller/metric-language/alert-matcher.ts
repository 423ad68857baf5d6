/**
 * Matchers of alerts as Alertmanager writes them: `severity="page"`, `team=~"a|b"`, `env!=dev`. Reads one, and writes it in the form that every version
 * of Alertmanager reads alike. It must not match anything.
 */
import { compilePattern } from './expression/pattern.ts'
import { ExpressionError } from './expression/syntax.ts'

export interface AlertMatcher {
  readonly name: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

const MATCHER = /^\s*([a-zA-Z_:][\w:]*|"(?:[^"\\]|\\.)+")\s*(=~|=|!=|!~)\s*([\s\S]*?)\s*$/
const LONGEST_MATCHER = 1000

export function parseAlertMatcher(text: string): AlertMatcher | { readonly problem: string } {
  if (text.length > LONGEST_MATCHER) return { problem: `is longer than ${LONGEST_MATCHER} characters` }
  const [whole, nameText = '', operator, valueText = ''] = MATCHER.exec(text) ?? []
  if (whole === undefined) return { problem: 'is not a matcher such as severity="page"' }
  const name = nameText.startsWith('"') ? unquote(nameText) : nameText
  const value = unquote(valueText)
  if (name === undefined || value === undefined) return { problem: 'has a double quote that is not escaped' }
  const matcher = { name, operator: operator as AlertMatcher['operator'], value }
  const problem = operator === '=~' || operator === '!~' ? findPatternProblem(value) : undefined
  return problem === undefined ? matcher : { problem }
}

function findPatternProblem(pattern: string): string | undefined {
  try {
    compilePattern(pattern, 0)
    return undefined
  } catch (error) {
    if (error instanceof ExpressionError) return error.message
    throw error
  }
}

/** Quotes may be left out; a backslash before anything but n, " and \ stands for itself. Undefined for a quote in the wrong place. */
function unquote(text: string): string | undefined {
  const isQuoted = text.startsWith('"')
  if (isQuoted && !/^"(?:[^"\\]|\\[\s\S])*"$/.test(text)) return undefined
  const inner = isQuoted ? text.slice(1, -1) : text
  if (!isQuoted && /(?<!\\)(?:\\\\)*"/.test(inner)) return undefined
  return inner.replace(/\\([\s\S])/g, (sequence, character: string) => {
    if (character === 'n') return '\n'
    return character === '"' || character === '\\' ? character : sequence
  })
}

const quote = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`

export const renderAlertMatcher = ({ name, operator, value }: AlertMatcher): string =>
  `${/^[a-zA-Z_:][\w:]*$/.test(name) ? name : quote(name)}${operator}${quote(value)}`
