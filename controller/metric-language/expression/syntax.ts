/**
 * The shapes of the condition language (a subset of expr-lang, which Argo Rollouts conditions are written in): values, nodes and the
 * one error type. It must not evaluate anything.
 */

/** What a condition can hold: plain JSON, with NaN and the infinities besides. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

export type BinaryOperator =
  | 'or'
  | 'and'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'matches'
  | 'contains'
  | 'startsWith'
  | 'endsWith'
  | '..'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '**'
  | '??'

/** `at` is the zero-based offset in the source. */
export type Node =
  | { readonly kind: 'literal'; readonly at: number; readonly value: Value }
  | { readonly kind: 'result'; readonly at: number }
  | { readonly kind: 'element'; readonly at: number }
  | { readonly kind: 'array'; readonly at: number; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly at: number; readonly entries: readonly (readonly [string, Node])[] }
  | { readonly kind: 'negate' | 'plus' | 'not'; readonly at: number; readonly operand: Node }
  | {
      readonly kind: 'binary'
      readonly at: number
      readonly operator: BinaryOperator
      readonly left: Node
      readonly right: Node
    }
  | {
      readonly kind: 'conditional'
      readonly at: number
      readonly test: Node
      readonly yes: Node
      readonly no: Node
    }
  | {
      readonly kind: 'member'
      readonly at: number
      readonly target: Node
      readonly key: Node
      readonly optional: boolean
    }
  | {
      readonly kind: 'slice'
      readonly at: number
      readonly target: Node
      readonly from: Node | undefined
      readonly to: Node | undefined
    }
  | {
      readonly kind: 'call'
      readonly at: number
      readonly name: string
      readonly args: readonly Node[]
      readonly closure: Node | undefined
    }

/** The nodes directly below one. */
export function childrenOf(node: Node): readonly Node[] {
  const given = (...nodes: readonly (Node | undefined)[]): readonly Node[] =>
    nodes.filter((child) => child !== undefined)
  switch (node.kind) {
    case 'literal':
    case 'result':
    case 'element':
      return []
    case 'array':
      return node.items
    case 'map':
      return node.entries.map(([, child]) => child)
    case 'negate':
    case 'plus':
    case 'not':
      return [node.operand]
    case 'binary':
      return [node.left, node.right]
    case 'conditional':
      return [node.test, node.yes, node.no]
    case 'member':
      return [node.target, node.key]
    case 'slice':
      return given(node.target, node.from, node.to)
    case 'call':
      return given(...node.args, node.closure)
  }
}

/** A mistake in a condition's text, or in what it does with the data. */
export class ExpressionError extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.name = 'ExpressionError'
    this.at = at
  }
}

const WINDOW_CHARACTERS = 80

/** The source line around `at` with a caret below it; long lines are cut to a window. */
export function renderCaret(source: string, at: number): string {
  const lineStart = at === 0 ? 0 : source.lastIndexOf('\n', at - 1) + 1
  const lineEnd = source.indexOf('\n', at)
  const line = source.slice(lineStart, lineEnd < 0 ? source.length : lineEnd)
  const column = at - lineStart
  const windowStart = Math.max(0, column - WINDOW_CHARACTERS / 2)
  const shown = line.slice(windowStart, windowStart + WINDOW_CHARACTERS)
  return `${shown}\n${' '.repeat(column - windowStart)}^`
}

/** `unexpected ")" (column 7)` followed by the line and the caret; where there are several lines, `(line 2, column 7)`. */
export function renderProblem(source: string, error: ExpressionError): string {
  const before = source.slice(0, error.at).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  const place = source.trim().includes('\n') ? `line ${before.length}, column ${column}` : `column ${column}`
  return `${error.message} (${place})\n${renderCaret(source, error.at)}`
}
