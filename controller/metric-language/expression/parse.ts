/**
 * A Pratt parser from tokens to nodes. It knows the precedences of expr-lang, which names exist and how many arguments each takes, so
 * that a condition is refused when it is applied and not when it is first needed. It must not evaluate.
 */
import { DEEPEST_NESTING, LONGEST_SOURCE } from './budget.ts'
import { builtinShapes } from './builtin-shapes.ts'
import { type BinaryOperator, ExpressionError, type Node } from './syntax.ts'
import { readTokens, type Token } from './tokens.ts'
import { refuseBadPattern, refuseDeepTree, refuseMixedCoalesce } from './tree-checks.ts'

/** Binding power, tightest last; `**` alone is right-associative. */
const POWERS: Readonly<Record<string, readonly [BinaryOperator, number]>> = {
  or: ['or', 10],
  '||': ['or', 10],
  and: ['and', 15],
  '&&': ['and', 15],
  '==': ['==', 20],
  '!=': ['!=', 20],
  '<': ['<', 20],
  '<=': ['<=', 20],
  '>': ['>', 20],
  '>=': ['>=', 20],
  in: ['in', 20],
  matches: ['matches', 20],
  contains: ['contains', 20],
  startsWith: ['startsWith', 20],
  endsWith: ['endsWith', 20],
  '..': ['..', 25],
  '+': ['+', 30],
  '-': ['-', 30],
  '*': ['*', 60],
  '/': ['/', 60],
  '%': ['%', 60],
  '**': ['**', 100],
  '^': ['**', 100],
  '??': ['??', 500],
}
const NEGATABLE = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith'])
const PIPE_POWER = 5
const NOT_POWER = 50
const SIGN_POWER = 90
const WORDS = new Set(['or', 'and', 'not', 'in', 'matches', 'contains', 'startsWith', 'endsWith', 'let'])

const textOf = (token: Token): string =>
  token.kind === 'name' || token.kind === 'sign'
    ? token.text
    : token.kind === 'end'
      ? 'end of the condition'
      : String(token.value)

/** The tree of a condition. Throws {@link ExpressionError} with the offset of the mistake. */
export function parseExpression(source: string): Node {
  if (source.length > LONGEST_SOURCE)
    throw new ExpressionError(`the condition is longer than ${LONGEST_SOURCE} characters`, 0)
  const tree = createParser(readTokens(source)).parseAll()
  refuseDeepTree(tree)
  return tree
}

function createParser(tokens: readonly Token[]): { parseAll(): Node } {
  let position = 0
  let depth = 0
  let closures = 0

  const END: Token = { kind: 'end', at: tokens.at(-1)?.at ?? 0 }
  const peek = (): Token => tokens[position] ?? END
  const peekText = (offset = 0): string | undefined => {
    const token = tokens[position + offset]
    return token?.kind === 'name' || token?.kind === 'sign' ? token.text : undefined
  }
  const take = (): Token => {
    const token = peek()
    position += 1
    return token
  }
  const unexpected = (token: Token): ExpressionError => new ExpressionError(`unexpected ${textOf(token)}`, token.at)
  const accept = (text: string): boolean => {
    if (peekText() !== text) return false
    position += 1
    return true
  }
  const expect = (text: string): void => {
    if (!accept(text)) throw new ExpressionError(`expected "${text}", found ${textOf(peek())}`, peek().at)
  }

  function nested<T>(parse: () => T): T {
    depth += 1
    if (depth > DEEPEST_NESTING)
      throw new ExpressionError(`the condition nests deeper than ${DEEPEST_NESTING} levels`, peek().at)
    const parsed = parse()
    depth -= 1
    return parsed
  }

  function parseAll(): Node {
    const node = parseOperators(0)
    if (peek().kind !== 'end') throw unexpected(peek())
    return node
  }

  function parseOperators(minimum: number): Node {
    return nested(() => {
      let left = parsePrefix()
      const first = left
      for (let next = parseInfix(left, minimum); next; next = parseInfix(left, minimum)) {
        if (left !== first) refuseMixedCoalesce(left, next)
        left = next
      }
      return minimum === 0 ? parseConditional(left) : left
    })
  }

  function parseConditional(test: Node): Node {
    const at = peek().at
    if (!accept('?')) return test
    const yes = parseOperators(0)
    expect(':')
    return { kind: 'conditional', at, test, yes, no: parseOperators(0) }
  }

  /** The next operator applied to `left`, or undefined when it binds less than `minimum`. */
  function parseInfix(left: Node, minimum: number): Node | undefined {
    const at = peek().at
    const word = peekText()
    if (word === undefined) return undefined
    if (word === '|') return minimum > PIPE_POWER ? undefined : parsePipe(left)
    const negated = word === 'not' && NEGATABLE.has(peekText(1) ?? '')
    const operatorText = negated ? peekText(1) : word
    const entry = operatorText !== undefined && Object.hasOwn(POWERS, operatorText) ? POWERS[operatorText] : undefined
    if (!entry) return undefined
    const [operator, power] = entry
    if (power < minimum) return undefined
    position += negated ? 2 : 1
    const right = parseOperators(operator === '**' ? power : power + 1)
    if (operator === 'matches') refuseBadPattern(right)
    const node: Node = { kind: 'binary', at, operator, left, right }
    return negated ? { kind: 'not', at, operand: node } : node
  }

  function parsePipe(left: Node): Node {
    expect('|')
    const name = take()
    if (name.kind !== 'name') throw unexpected(name)
    return parsePostfix(parseCall(name.text, name.at, left))
  }

  function parsePrefix(): Node {
    const token = peek()
    if (accept('not') || accept('!')) return { kind: 'not', at: token.at, operand: parseOperators(NOT_POWER) }
    if (accept('-')) return { kind: 'negate', at: token.at, operand: parseOperators(SIGN_POWER) }
    if (accept('+')) return { kind: 'plus', at: token.at, operand: parseOperators(SIGN_POWER) }
    return parsePostfix(parsePrimary())
  }

  function parsePrimary(): Node {
    const token = take()
    if (token.kind === 'number' || token.kind === 'string') return { kind: 'literal', at: token.at, value: token.value }
    if (token.kind === 'name') return parseName(token.text, token.at)
    if (token.kind === 'end') throw unexpected(token)
    switch (token.text) {
      case '(': {
        const node = parseOperators(0)
        expect(')')
        return node
      }
      case '[':
        return { kind: 'array', at: token.at, items: parseList(']') }
      case '{':
        return parseMap(token.at)
      case '#':
        return element(token.at)
      case '.': {
        const key = parseKey()
        return { kind: 'member', at: token.at, target: element(token.at), key, optional: false }
      }
      default:
        throw unexpected(token)
    }
  }

  function element(at: number): Node {
    if (closures === 0)
      throw new ExpressionError(
        '"#" stands for an element and is known only inside all(...), filter(...) and the like',
        at,
      )
    return { kind: 'element', at }
  }

  function parseName(name: string, at: number): Node {
    if (name === 'true' || name === 'false') return { kind: 'literal', at, value: name === 'true' }
    if (name === 'nil') return { kind: 'literal', at, value: null }
    if (peekText() === '(') return parseCall(name, at, undefined)
    if (name === 'result') return { kind: 'result', at }
    if (name === 'let') throw new ExpressionError('"let" is not supported', at)
    if (WORDS.has(name)) throw new ExpressionError(`unexpected ${name}`, at)
    const known = Object.hasOwn(builtinShapes, name) ? `; it is a function: ${name}(...)` : '; known is "result"'
    throw new ExpressionError(`unknown name ${name}${known}`, at)
  }

  function parseCall(name: string, at: number, piped: Node | undefined): Node {
    const shape = Object.hasOwn(builtinShapes, name) ? builtinShapes[name] : undefined
    if (!shape) throw new ExpressionError(`unknown function ${name}`, at)
    expect('(')
    const args: Node[] = piped ? [piped] : []
    let closure: Node | undefined
    while (!accept(')')) {
      if (closure || (args.length > 0 && peekText() === ')')) throw unexpected(peek())
      if (shape.closure !== 'none' && args.length === 1) closure = parseClosure()
      else args.push(parseOperators(0))
      if (!accept(',') && peekText() !== ')')
        throw new ExpressionError(`expected "," or ")", found ${textOf(peek())}`, peek().at)
    }
    if (args.length < shape.min || args.length > shape.max || (shape.closure === 'required' && !closure))
      throw new ExpressionError(`${name} takes ${shape.usage}`, at)
    return { kind: 'call', at, name, args, closure }
  }

  function parseClosure(): Node {
    closures += 1
    const braces = accept('{')
    const body = parseOperators(0)
    if (braces) expect('}')
    closures -= 1
    return body
  }

  function parseList(end: string): readonly Node[] {
    const items: Node[] = []
    while (!accept(end)) {
      items.push(parseOperators(0))
      if (!accept(',') && peekText() !== end)
        throw new ExpressionError(`expected "," or "${end}", found ${textOf(peek())}`, peek().at)
    }
    return items
  }

  function parseMap(at: number): Node {
    const entries: [string, Node][] = []
    while (!accept('}')) {
      const key = take()
      if (key.kind === 'sign' || key.kind === 'end') throw unexpected(key)
      expect(':')
      entries.push([textOf(key), parseOperators(0)])
      if (!accept(',') && peekText() !== '}')
        throw new ExpressionError(`expected "," or "}", found ${textOf(peek())}`, peek().at)
    }
    return { kind: 'map', at, entries }
  }

  function parseKey(): Node {
    const token = take()
    if (token.kind !== 'name') throw unexpected(token)
    return { kind: 'literal', at: token.at, value: token.text }
  }

  function parsePostfix(start: Node): Node {
    let node = start
    for (;;) {
      const at = peek().at
      if (accept('.')) node = { kind: 'member', at, target: node, key: parseKey(), optional: false }
      else if (accept('?.')) {
        const key = accept('[') ? parseBracketed() : parseKey()
        node = { kind: 'member', at, target: node, key, optional: true }
      } else if (accept('[')) node = parseIndex(node, at)
      else return node
    }
  }

  function parseBracketed(): Node {
    const key = parseOperators(0)
    expect(']')
    return key
  }

  function parseIndex(target: Node, at: number): Node {
    const from = peekText() === ':' ? undefined : parseOperators(0)
    if (!accept(':')) {
      expect(']')
      return { kind: 'member', at, target, key: from ?? { kind: 'literal', at, value: null }, optional: false }
    }
    const to = peekText() === ']' ? undefined : parseOperators(0)
    expect(']')
    return { kind: 'slice', at, target, from, to }
  }

  return { parseAll }
}
