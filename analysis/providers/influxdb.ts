/**
 * InfluxDB 2's query API as a metric provider: a Flux query whose `_value` column, over all tables, becomes a list, as in Argo. An error that the
 * server reports after the first rows is an error here; Argo judged the rows before it.
 */
import { type InfluxdbMetric, influxdbMetricSchema } from '../../controller/api/metric-providers/influxdb.ts'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { readFluxValues } from './annotated-csv.ts'
import { boundText, defineProvider, type Preparation, type ProviderContext, type ProviderOutcome } from './provider.ts'

const DEFAULT_PROFILE = 'influxdb'
const PLAIN_KEYS = ['org', 'address']
const REQUEST_TIMEOUT_MS = 30_000
const MOST_BYTES = 4 * 1024 * 1024
const MOST_VALUES = 10_000
const DIALECT = { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true }

export const influxdb = defineProvider<InfluxdbMetric>({
  id: 'influxdb',
  schema: influxdbMetricSchema,
  secretOf: ({ profile }) => ({ name: profile || DEFAULT_PROFILE, from: 'controller', plainKeys: PLAIN_KEYS }),
  prepare,
})

function prepare({ profile, query = '' }: InfluxdbMetric, { secret, mode }: ProviderContext): Preparation {
  const name = profile || DEFAULT_PROFILE
  if (!secret) return { problem: `influxdb: Secret "${name}" not found in the controller's namespace` }
  const { authToken, org, address } = secret
  if (!authToken || !org || !address) return { problem: `influxdb: Secret "${name}" needs authToken, org and address` }
  return {
    request: {
      method: 'POST',
      url: `${address.replace(/\/+$/, '')}/api/v2/query?${new URLSearchParams({ org }).toString()}`,
      headers: { Accept: 'application/csv', Authorization: `Token ${authToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ dialect: DIALECT, query, type: 'flux' }),
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxBytes: MOST_BYTES,
      target: 'influxdb',
    },
    metadata: {},
    parse: (response) => parse(response, mode),
  }
}

const fail = (message: string): ProviderOutcome => ({ kind: 'error', message: `influxdb: ${boundText(message)}` })

function parse(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  if (response.status < 200 || response.status > 299) return fail(`HTTP ${response.status}`)
  const { values, problem } = readFluxValues(response.body)
  if (problem !== undefined && mode === 'strict') return fail(problem)
  if (values.length === 0) return { kind: 'noData', why: 'no results returned from flux query' }
  if (values.length > MOST_VALUES) return fail(`the query returns more than ${MOST_VALUES} values`)
  return { kind: 'sample', value: values, text: boundText(`[${values.map(renderEntry).join(' ')}]`) }
}

/** As Go prints it. */
const renderEntry = (value: Value): string => {
  if (typeof value === 'object') return '<nil>'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
