/**
 * Cuts the text of a condition into tokens with their offsets. Names and operators that are words (`and`, `in`, `matches`) come out as
 * names; the parser tells them apart.
 */
import { ExpressionError } from './syntax.ts'

export type Token =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'string'; readonly at: number; readonly value: string }
  | { readonly kind: 'name'; readonly at: number; readonly text: string }
  | { readonly kind: 'sign'; readonly at: number; readonly text: string }
  | { readonly kind: 'end'; readonly at: number }

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y
const NUMBER =
  /0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.(?!\.)\d[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y
/** Longest first, so that `**` is not read as two `*`. `?.5` is a question mark and a number. */
const SIGN = /\?\.(?!\d)|\?\?|\*\*|\.\.|==|!=|<=|>=|&&|\|\||[-+*/%^<>!()[\]{},.?:|#=;]/y

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '/': '/',
}

function match(pattern: RegExp, source: string, at: number): string | undefined {
  const sticky = new RegExp(pattern.source, 'y')
  sticky.lastIndex = at
  return sticky.exec(source)?.[0]
}

/** Throws {@link ExpressionError}. The last token is always `end`. */
export function readTokens(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const space = match(SPACE, source, at)
    if (space) {
      at += space.length
      continue
    }
    const [token, length] = readToken(source, at)
    tokens.push(token)
    at += length
  }
  tokens.push({ kind: 'end', at: source.trimEnd().length })
  return tokens
}

function readToken(source: string, at: number): readonly [Token, number] {
  const first = source[at] ?? ''
  if (first === '"' || first === "'") return readQuoted(source, at, first)
  if (first === '`') return readRaw(source, at)
  const number = match(NUMBER, source, at)
  if (number) return [readNumber(number, source, at), number.length]
  const name = match(NAME, source, at)
  if (name) return [{ kind: 'name', at, text: name }, name.length]
  const sign = match(SIGN, source, at)
  if (sign) return [{ kind: 'sign', at, text: sign }, sign.length]
  throw new ExpressionError(`unrecognized character ${JSON.stringify(first)}`, at)
}

function readNumber(text: string, source: string, at: number): Token {
  const value = Number(text.replaceAll('_', ''))
  const runsOn = match(NAME, source, at + text.length)
  if (!Number.isFinite(value) || runsOn) throw new ExpressionError(`bad number syntax: "${text}${runsOn ?? ''}"`, at)
  return { kind: 'number', at, value }
}

function readRaw(source: string, at: number): readonly [Token, number] {
  const end = source.indexOf('`', at + 1)
  if (end < 0) throw new ExpressionError('the string is not closed', at)
  return [{ kind: 'string', at, value: source.slice(at + 1, end) }, end + 1 - at]
}

function readQuoted(source: string, at: number, quote: string): readonly [Token, number] {
  let value = ''
  let index = at + 1
  while (index < source.length) {
    const character = source[index] ?? ''
    if (character === quote) return [{ kind: 'string', at, value }, index + 1 - at]
    if (character === '\n') break
    if (character !== '\\') {
      value += character
      index += 1
      continue
    }
    const [text, length] = readEscape(source, index)
    value += text
    index += length
  }
  throw new ExpressionError('the string is not closed', at)
}

function readEscape(source: string, at: number): readonly [string, number] {
  const hex = match(/\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/y, source, at)
  if (hex) return [String.fromCharCode(Number.parseInt(hex.slice(2), 16)), hex.length]
  const key = source[at + 1] ?? ''
  const text = Object.hasOwn(ESCAPES, key) ? ESCAPES[key] : undefined
  if (text === undefined) throw new ExpressionError(`unknown escape "\\${key}"`, at)
  return [text, 2]
}
