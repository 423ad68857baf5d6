/**
 * New Relic's NerdGraph as a metric provider: one NRQL query. A single row becomes an object, several a list of them, as in Argo. A row that
 * holds nothing but null is what New Relic says when there was nothing to count, so it is no data.
 */
import { z } from 'zod'
import { type NewRelicMetric, newRelicMetricSchema } from '../../controller/api/metric-providers/new-relic.ts'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import { readGraphql } from './graphql.ts'
import { renderValue } from './json-answer.ts'
import { boundText, defineProvider, type Preparation, type ProviderContext, type ProviderOutcome } from './provider.ts'

const DEFAULT_PROFILE = 'newrelic'
const PLAIN_KEYS = ['account-id', 'region', 'base-url-nerdgraph', 'base-url-rest']
const DEFAULT_TIMEOUT_SECONDS = 5
/** Of the exchange; New Relic's own limit on the query is `timeout`. */
const REQUEST_TIMEOUT_MS = 30_000
const MOST_BYTES = 4 * 1024 * 1024
const MOST_ROWS = 5000

const ADDRESSES: Readonly<Record<string, string>> = {
  us: 'https://api.newrelic.com/graphql',
  eu: 'https://api.eu.newrelic.com/graphql',
  staging: 'https://staging-api.newrelic.com/graphql',
  local: 'http://localhost:3000/graphql',
}

const NERDGRAPH =
  'query ($query: Nrql!, $accountId: Int!, $timeout: Seconds!) ' +
  '{ actor { account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }'

export const newRelic = defineProvider<NewRelicMetric>({
  id: 'newRelic',
  schema: newRelicMetricSchema,
  secretOf: ({ profile }) => ({ name: profile || DEFAULT_PROFILE, from: 'controller', plainKeys: PLAIN_KEYS }),
  prepare,
})

function prepare(config: NewRelicMetric, { secret, mode }: ProviderContext): Preparation {
  const { profile, query, timeout = DEFAULT_TIMEOUT_SECONDS } = config
  if (timeout < 0) return { problem: 'newRelic.timeout must not be negative' }
  const account = readAccount(secret, profile || DEFAULT_PROFILE)
  if ('problem' in account) return { problem: `newRelic: ${account.problem}` }
  return {
    request: {
      method: 'POST',
      url: account.url,
      headers: { Accept: 'application/json', 'Api-Key': account.apiKey, 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: NERDGRAPH, variables: { accountId: account.accountId, query, timeout } }),
      timeoutMs: REQUEST_TIMEOUT_MS,
      maxBytes: MOST_BYTES,
      target: 'newRelic',
    },
    metadata: query === '' ? {} : { ResolvedNewRelicQuery: boundText(query, 2000) },
    parse: (response) => parse(response, mode),
  }
}

interface Account {
  readonly url: string
  readonly apiKey: string
  readonly accountId: number
}

function readAccount(secret: ProviderContext['secret'], name: string): Account | { readonly problem: string } {
  if (!secret) return { problem: `Secret "${name}" not found in the controller's namespace` }
  const { 'personal-api-key': apiKey, 'account-id': accountId, region = 'us', 'base-url-nerdgraph': address } = secret
  if (!apiKey || !accountId) return { problem: `Secret "${name}" needs personal-api-key and account-id` }
  if (!/^\d{1,15}$/.test(accountId)) return { problem: `account-id in Secret "${name}" is not a whole number` }
  const known = region.toLowerCase()
  if (!Object.hasOwn(ADDRESSES, known))
    return { problem: `region in Secret "${name}" must be one of ${Object.keys(ADDRESSES).join(', ')}` }
  return { url: address || (ADDRESSES[known] ?? ''), apiKey, accountId: Number(accountId) }
}

const rowsSchema = z.looseObject({
  actor: z.looseObject({
    account: z.looseObject({ nrql: z.looseObject({ results: z.array(z.record(z.string(), z.unknown())) }) }),
  }),
})

const isDeprecationNote = (message: string): boolean => message.startsWith('This field is deprecated!')

function parse(response: HttpResponse, mode: VerdictMode): ProviderOutcome {
  const answer = readGraphql(response, isDeprecationNote)
  if ('problem' in answer) return { kind: 'error', message: `newRelic: ${answer.problem}` }
  const read = rowsSchema.safeParse(answer.data)
  const rows = read.success ? (read.data.actor.account.nrql.results as readonly Row[]) : []
  if (rows.length > MOST_ROWS)
    return { kind: 'error', message: `newRelic: the query returns more than ${MOST_ROWS} rows` }
  const [first] = rows
  if (!first || (rows.length === 1 && Object.keys(first).length === 0))
    return { kind: 'noData', why: 'no results returned from NRQL query' }
  if (mode === 'strict' && rows.every(isNothing))
    return { kind: 'noData', why: 'the NRQL query returns nothing but null' }
  const value = rows.length === 1 ? first : rows
  return { kind: 'sample', value, text: renderValue(value) }
}

type Row = { readonly [key: string]: Value }

const isNothing = (row: Row): boolean => Object.values(row).every((entry) => entry === null)
