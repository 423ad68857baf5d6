/**
 * A strict look at a PromQL query before it is stored or sent: the first place the grammar cannot read, with a caret. It checks syntax
 * alone; whether the series exist is for Prometheus to say.
 */
import { parser as lenient } from '@prometheus-io/lezer-promql'
import { ExpressionError, renderProblem } from './expression/syntax.ts'

const LONGEST_QUERY = 20_000

/** Stops at the first mistake. An editor's parser guesses what was meant, which can take minutes in a chain that nothing breaks off. */
const parser = lenient.configure({ strict: true })

/** The first mistake as text, or undefined when the query reads well. */
export function findPromqlProblem(query: string): string | undefined {
  if (query.trim() === '') return 'the query is empty'
  if (query.length > LONGEST_QUERY) return `the query is longer than ${LONGEST_QUERY} characters`
  const at = findErrorOffset(query)
  return at === undefined ? undefined : renderProblem(query, new ExpressionError('bad PromQL', at))
}

function findErrorOffset(query: string): number | undefined {
  const parse = parser.startParse(query)
  try {
    let tree: unknown
    while (!tree) {
      // The parser breaks off chains of some hundred operators, lest an editor's tree be too deep. Nobody walks this one, and Prometheus has no such
      // limit; the parser has no option for it.
      Reflect.set(parse, 'bigReductionCount', 0)
      tree = parse.advance()
    }
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return parse.parsedPos
    throw error
  }
}

/**
 * Why an argument must not be pasted into a query, or undefined. Arguments are substituted as text, as Argo does it; one that ends the
 * line or leaves a quote open would change what the rest of the query means.
 */
export function findArgumentProblem(name: string, value: string): string | undefined {
  if (/[\n\r]/.test(value)) return `args.${name} contains a line break and cannot be used in a PromQL query`
  if (leavesQuoteOpen(value)) return `args.${name} contains an unbalanced quote and cannot be used in a PromQL query`
  return undefined
}

function leavesQuoteOpen(value: string): boolean {
  let open = ''
  let escaped = false
  for (const character of value) {
    if (escaped) escaped = false
    else if (character === '\\' && open !== '`') escaped = true
    else if (open) open = character === open ? '' : open
    else if (character === '"' || character === "'" || character === '`') open = character
  }
  return open !== '' || escaped
}
