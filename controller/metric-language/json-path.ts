/**
 * The part of Kubernetes' JSONPath that finds values: `{$.a.b[0]}`, `.a\\.b`, `['key']`, `[*]`, `[-1]`, `[0:6:2]`, `[0,2]`, `..key`,
 * `[?(@.x == "y")]`. Templates (text around the braces, `range`) are no paths. What is not supported is refused when the path is read, never
 * ignored. Pure.
 */
import type { Value } from './expression/syntax.ts'

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>='

type Segment =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | {
      readonly kind: 'slice'
      readonly from: number | undefined
      readonly to: number | undefined
      readonly step: number
    }
  | { readonly kind: 'wildcard' }
  /** All that one member finds, then all that the next one does. */
  | { readonly kind: 'union'; readonly members: readonly Segment[] }
  /** The value itself and everything below it. */
  | { readonly kind: 'descent' }
  | {
      readonly kind: 'filter'
      readonly path: JsonPath
      readonly test: { readonly comparison: Comparison; readonly value: Value } | undefined
    }

export type JsonPath = readonly Segment[]
export type ParsedJsonPath = { readonly path: JsonPath } | { readonly problem: string }

const LONGEST_PATH = 1000
const KEY = /^\.((?:\\.|[^\s.,[\]$@{}\\*])+)/
const QUOTED_KEY = /^\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\]/
const INDEX = /^\[(-?\d{1,9})\]/
const SLICE = /^\[(-?\d{1,9})?:(-?\d{1,9})?(?::(\d{1,9})?)?\]/
const WILDCARD = /^(?:\[\*\]|\.\*)/
const MEMBER = String.raw`\s*(?:'[^'\\]*'|"[^"\\]*"|-?\d{1,9})\s*`
const UNION = new RegExp(`^\\[(${MEMBER}(?:,${MEMBER})+)\\]`)
const FILTER =
  /^\[\?\(\s*@((?:\.[A-Za-z_$][\w$-]*|\['[^']*'\]|\[-?\d+\])*)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|-?[\d.]+(?:[eE][+-]?\d+)?|true|false|null)\s*)?\)\]/

/** `{$}` and `{}` are the whole document. The braces may be left out. */
export function parseJsonPath(source: string): ParsedJsonPath {
  if (source.length > LONGEST_PATH) return { problem: `jsonPath is longer than ${LONGEST_PATH} characters` }
  const inner = source
    .trim()
    .replace(/^\{([\s\S]*)\}$/, '$1')
    .trim()
  return parseSegments(inner.replace(/^\$/, ''), source)
}

function parseSegments(text: string, source: string): ParsedJsonPath {
  const path: Segment[] = []
  let rest = text
  while (rest !== '') {
    // `..key` is a descent and `.key`, `..[0]` one and `[0]`.
    const next = rest.startsWith('..') ? parseDescent(rest, path) : parseSegment(rest)
    if (!next) return { problem: `jsonPath ${source}: cannot read "${rest.slice(0, 40)}"` }
    path.push(next.segment)
    rest = rest.slice(next.length)
  }
  return { path }
}

interface Parsed {
  readonly segment: Segment
  readonly length: number
}

function parseSegment(text: string): Parsed | undefined {
  const wildcard = WILDCARD.exec(text)
  if (wildcard) return { segment: { kind: 'wildcard' }, length: wildcard[0].length }
  const key = KEY.exec(text)
  if (key) return { segment: { kind: 'key', key: dropEscapes(key[1]) }, length: key[0].length }
  const quoted = QUOTED_KEY.exec(text)
  if (quoted) return { segment: { kind: 'key', key: dropEscapes(quoted[1] ?? quoted[2]) }, length: quoted[0].length }
  const index = INDEX.exec(text)
  if (index) return { segment: { kind: 'index', index: Number(index[1]) }, length: index[0].length }
  return parseSlice(text) ?? parseUnion(text) ?? parseFilter(text)
}

const dropEscapes = (text = ''): string => text.replace(/\\(.)/g, '$1')

/** One for each path: every further one would multiply what is found. */
function parseDescent(text: string, before: readonly Segment[]): Parsed | undefined {
  if (text === '..' || before.some(({ kind }) => kind === 'descent')) return undefined
  return { segment: { kind: 'descent' }, length: text[2] === '[' ? 2 : 1 }
}

function parseSlice(text: string): Parsed | undefined {
  const slice = SLICE.exec(text)
  const step = slice?.[3] === undefined ? 1 : Number(slice[3])
  if (!slice || step === 0) return undefined
  return { segment: { kind: 'slice', from: bound(slice[1]), to: bound(slice[2]), step }, length: slice[0].length }
}

const bound = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))

function parseUnion(text: string): Parsed | undefined {
  const union = UNION.exec(text)
  if (!union) return undefined
  const members = [...(union[1] ?? '').matchAll(new RegExp(MEMBER, 'g'))].flatMap(
    ([member]) => parseSegment(`[${member.trim()}]`)?.segment ?? [],
  )
  return { segment: { kind: 'union', members }, length: union[0].length }
}

function parseFilter(text: string): Parsed | undefined {
  const filter = FILTER.exec(text)
  if (!filter) return undefined
  const [whole, pathText = '', comparison, literal] = filter
  const inner = parseSegments(pathText, text)
  if ('problem' in inner) return undefined
  const value = literal === undefined ? undefined : readLiteral(literal)
  if (comparison !== undefined && value === undefined) return undefined
  const test = value === undefined ? undefined : { comparison: comparison as Comparison, value }
  return { segment: { kind: 'filter', path: inner.path, test }, length: whole.length }
}

function readLiteral(text: string): Value | undefined {
  if (text.startsWith('"') || text.startsWith("'")) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null') return null
  const number = Number(text)
  return Number.isNaN(number) ? undefined : number
}

/** Of one segment; more would be for a document that was made to be expensive. */
const MOST_FOUND = 20_000

/** What the path leads to, in document order, at most 20 000 values; empty when it leads nowhere. */
export function findByJsonPath(path: JsonPath, document: Value): readonly Value[] {
  let found: readonly Value[] = [document]
  for (const segment of path) {
    const next: Value[] = []
    for (const value of found) {
      if (next.length >= MOST_FOUND) break
      next.push(...follow(segment, value).slice(0, MOST_FOUND - next.length))
    }
    found = next
  }
  return found
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

function childrenOf(value: Value): readonly Value[] {
  if (isList(value)) return value
  return typeof value === 'object' && value !== null ? Object.values(value) : []
}

function follow(segment: Segment, value: Value): readonly Value[] {
  switch (segment.kind) {
    case 'key': {
      if (typeof value !== 'object' || value === null || isList(value)) return []
      const member = Object.hasOwn(value, segment.key) ? value[segment.key] : undefined
      return member === undefined ? [] : [member]
    }
    case 'index': {
      const item = isList(value) ? value.at(segment.index) : undefined
      return item === undefined ? [] : [item]
    }
    case 'slice':
      return isList(value) ? value.slice(segment.from, segment.to).filter((_item, at) => at % segment.step === 0) : []
    case 'union':
      return segment.members.flatMap((member) => follow(member, value))
    case 'descent':
      return listDescendants(value)
    case 'wildcard':
      return childrenOf(value)
    case 'filter':
      return childrenOf(value).filter((child) => passes(segment, child))
  }
}

/** Parents before what is in them. */
function listDescendants(root: Value): readonly Value[] {
  const found: Value[] = []
  const waiting: Value[] = [root]
  while (waiting.length > 0 && found.length < MOST_FOUND) {
    const value = waiting.pop() ?? null
    found.push(value)
    waiting.push(...childrenOf(value).slice(0, MOST_FOUND).toReversed())
  }
  return found
}

function passes(filter: Extract<Segment, { kind: 'filter' }>, value: Value): boolean {
  const [left] = findByJsonPath(filter.path, value)
  if (left === undefined) return false
  return filter.test ? compare(left, filter.test.comparison, filter.test.value) : true
}

function compare(left: Value, comparison: Comparison, right: Value): boolean {
  if (comparison === '==') return left === right
  if (comparison === '!=') return left !== right
  const areNumbers = typeof left === 'number' && typeof right === 'number'
  const areTexts = typeof left === 'string' && typeof right === 'string'
  if (!areNumbers && !areTexts) return false
  switch (comparison) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}
