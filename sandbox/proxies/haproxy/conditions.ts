/**
 * One match of an HTTPRoute as conditions of HAProxy, and what HAProxy cannot be asked. Pure. Values are tenants' input: every one of them is
 * quoted, and none can end its line or its word.
 */
import type { RouteMatch, RouteRule, ValueMatch } from '../../gateway/objects.ts'

/** `test` is a sample with its method and value; several lines of one condition are alternatives. */
export type Condition = readonly [test: string, ...alternatives: string[]]

/** HAProxy's strong quotes; `--` ends the flags, so that a value may begin with a dash. */
const quote = (value: string): string => `-- '${value.replaceAll("'", `'\\''`)}'`

const textTest = (sample: string, type: string | undefined, value: string): string =>
  type === 'RegularExpression' ? `${sample} -m reg ${quote(`^(?:${value})$`)}` : `${sample} -m str ${quote(value)}`

/** Undefined stands for every host; a wildcard for one or more labels. */
function hostCondition(hostname: string | undefined): readonly Condition[] {
  if (hostname === undefined) return []
  const name = hostname.toLowerCase()
  return [
    [name.startsWith('*.') ? `var(txn.host) -m end ${quote(name.slice(1))}` : `var(txn.host) -m str ${quote(name)}`],
  ]
}

function pathCondition(path: RouteMatch['path']): readonly Condition[] {
  const { type = 'PathPrefix', value = '/' } = path ?? {}
  if (type !== 'PathPrefix') return [[textTest('path', type, value)]]
  const prefix = value.replace(/\/+$/, '')
  return prefix === '' ? [] : [[textTest('path', 'Exact', prefix), `path -m beg ${quote(`${prefix}/`)}`]]
}

const headerCondition = ({ name, type, value }: ValueMatch): Condition => [
  textTest(`req.fhdr(${name.toLowerCase()})`, type, value),
]

const queryCondition = ({ name, type, value }: ValueMatch): Condition => [
  textTest(`url_param(${name}),url_dec(1)`, type, value),
]

/** All have to hold; none at all holds for every request. */
export const renderConditions = (hostname: string | undefined, match: RouteMatch): readonly Condition[] => [
  ...hostCondition(hostname),
  ...pathCondition(match.path),
  ...(match.method === undefined ? [] : [[`method -m str ${quote(match.method)}`] as const]),
  ...(match.headers ?? []).map(headerCondition),
  ...(match.queryParams ?? []).map(queryCondition),
]

const isPlainName = (name: string): boolean => /^[\w.-]+$/.test(name)
const isOneLine = (value: string): boolean => !/\p{Cc}/u.test(value)

/** What of a rule HAProxy is not asked to do here, as one sentence; undefined when it can do all of it. */
export function findUnsupported(rule: RouteRule): string | undefined {
  const filter = rule.filters?.[0]
  if (filter?.type === 'RequestMirror') return 'filter "RequestMirror" is not supported: HAProxy cannot copy requests'
  if (filter) return `filter "${filter.type}" is not supported by the sandbox's HAProxy`
  for (const { path, headers = [], queryParams = [], method } of rule.matches ?? []) {
    const named = [...headers, ...queryParams].find(({ name }) => !isPlainName(name))
    if (named)
      return `name "${named.name}": only letters, digits, "_", "." and "-" are supported by the sandbox's HAProxy`
    const values = [path?.value, method, ...[...headers, ...queryParams].map(({ value }) => value)]
    if (values.some((value) => value !== undefined && !isOneLine(value)))
      return 'a match with control characters is not supported: no request can have them'
  }
  return undefined
}
