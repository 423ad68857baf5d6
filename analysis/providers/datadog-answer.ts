/**
 * What answers of Datadog say. v1: the last point of the series. v2: the number of the query or formula, or with `by {tag}` a list with a number for
 * each group. It must not repair.
 *
 *   answer                     strict                   compat
 *   no series, no column       null, so no data         null
 *   several series (v1)        an error                 the first
 *   last point is null (v1)    null, so no data         0
 *   group with null (v2)       in the list, so no data  left out
 */
import { z } from 'zod'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { formatPlain } from './go-number.ts'
import { readShape } from './json-answer.ts'
import { boundText, type ProviderOutcome } from './provider.ts'

const MOST_VALUES = 10_000
/** Groups that are named in a measurement; the judgement has them all. */
const MOST_GROUPS = 100
const LONGEST_GROUP = 200

const NOTHING: ProviderOutcome = { kind: 'sample', value: null, text: '[]' }
const fail = (message: string): ProviderOutcome => ({ kind: 'error', message: `datadog: ${message}` })

/** Argo's words, without the body. */
function findRefusal({ status }: HttpResponse): ProviderOutcome | undefined {
  if (status === 401 || status === 403) return fail(`received authentication error response code: ${status}`)
  return status === 200 ? undefined : fail(`received non 2xx response code: ${status}`)
}

const seriesSchema = z.looseObject({
  status: z.string().optional(),
  error: z.string().optional(),
  series: z.array(z.looseObject({ pointlist: z.array(z.array(z.number().nullable())).nullish() })).nullish(),
})

export function readSeriesAnswer(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  const refusal = findRefusal(response)
  if (refusal) return refusal
  const answer = readShape(seriesSchema, response.body)
  if (!answer) return fail('the answer is not that of a timeseries query')
  if (answer.status === 'error' || answer.error) return fail(boundText(answer.error || 'no reason given'))
  const series = answer.series ?? []
  if (series.length > 1 && mode === 'strict')
    return fail(`the query returns ${series.length} series; aggregate them into one`)
  const point = series[0]?.pointlist?.at(-1)
  if (!point) return NOTHING
  if (point.length !== 2) return fail('Datapoint does not have 2 values')
  const value = point[1] ?? (mode === 'argo' ? 0 : null)
  return value === null ? NOTHING : { kind: 'sample', value, text: formatPlain(value) }
}

const columnSchema = z.looseObject({
  name: z.string().optional(),
  type: z.string().optional(),
  values: z.array(z.unknown()).nullish(),
})
const scalarSchema = z.looseObject({
  errors: z.string().optional(),
  data: z
    .looseObject({
      errors: z.string().optional(),
      attributes: z.looseObject({ columns: z.array(columnSchema).nullish() }).nullish(),
    })
    .optional(),
})
type Column = z.infer<typeof columnSchema>

export function readScalarAnswer(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  const refusal = findRefusal(response)
  if (refusal) return refusal
  const answer = readShape(scalarSchema, response.body)
  if (!answer?.data) return fail(answer?.errors ? boundText(answer.errors) : 'the answer is not that of a scalar query')
  if (answer.data.errors) return fail(`There were errors in your query: ${boundText(answer.data.errors)}`)
  const columns = answer.data.attributes?.columns ?? []
  // Answers of old leave the type out where a column has numbers.
  const numbers = columns.find(({ type }) => !type || type === 'number')?.values ?? []
  const groups = columns.filter(({ type }) => type === 'group')
  if (numbers.length > MOST_VALUES) return fail(`the query returns more than ${MOST_VALUES} groups`)
  if (!numbers.every(isNumberOrNull)) return fail('a value is not a number')
  if (groups.length > 0) return readGroups(numbers, groups, mode)
  const [value = null] = numbers
  return value === null ? NOTHING : { kind: 'sample', value, text: formatPlain(value) }
}

const isNumberOrNull = (value: unknown): value is number | null => value === null || typeof value === 'number'

interface GroupValue {
  readonly name: string
  readonly value: number
}

function readGroups(
  numbers: readonly (number | null)[],
  columns: readonly Column[],
  mode: VerdictMode,
): ProviderOutcome {
  const named: GroupValue[] = []
  for (const [at, value] of numbers.entries()) {
    const name = nameGroup(columns, at)
    if (name === undefined) return fail(`group ${at} has no label`)
    if (value !== null) named.push({ name, value })
  }
  const values = mode === 'argo' ? named.map(({ value }) => value) : numbers
  if (values.length === 0) return NOTHING
  const text = boundText(`[${values.map((value) => (value === null ? 'null' : formatPlain(value))).join(',')}]`)
  return { kind: 'sample', value: values, text, metadata: renderGroups(named) }
}

/** A row's label is in every column of a tag: `by {region,host}` has two. */
function nameGroup(columns: readonly Column[], at: number): string | undefined {
  const parts = columns.map(({ values }) => z.array(z.string()).min(1).safeParse(values?.[at]))
  return parts.every(({ success }) => success)
    ? boundText(parts.flatMap(({ data = [] }) => data).join(','), LONGEST_GROUP)
    : undefined
}

/** Which group had which number; of too many the lowest and the highest, since either may be the bad ones. */
function renderGroups(named: readonly GroupValue[]): Readonly<Record<string, string>> {
  if (named.length <= MOST_GROUPS) return { groups: JSON.stringify(named) }
  const sorted = [...named].sort((a, b) => a.value - b.value)
  const kept = [...sorted.slice(0, MOST_GROUPS / 2), ...sorted.slice(-MOST_GROUPS / 2)]
  return { groups: JSON.stringify(kept), groups_truncated: 'true' }
}
