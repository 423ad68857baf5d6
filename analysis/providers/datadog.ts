/**
 * Datadog as a metric provider: the timeseries query of its API v1, the scalar query of v2. Keys come from the environment of the controller or from
 * a Secret. What an answer means is for `datadog-answer.ts`.
 */
import { type DatadogMetric, datadogMetricSchema } from '../../controller/api/metric-providers/datadog.ts'
import { parseGoDuration } from '../../controller/api/scalars.ts'
import { checkDatadog } from '../../controller/metric-language/provider-rules/datadog.ts'
import { readScalarAnswer, readSeriesAnswer } from './datadog-answer.ts'
import {
  defineProvider,
  type Preparation,
  type ProviderContext,
  type ProviderSettings,
  type SecretWish,
} from './provider.ts'

const DEFAULT_SECRET = 'datadog'
const DEFAULT_ADDRESS = 'https://api.datadoghq.com'
const DEFAULT_INTERVAL_MS = 300_000
const DEFAULT_TIMEOUT_MS = 10_000
const LONGEST_TIMEOUT_MS = 300_000
const MOST_BYTES = 4 * 1024 * 1024

export const datadog = defineProvider<DatadogMetric>({ id: 'datadog', schema: datadogMetricSchema, secretOf, prepare })

/** Undefined: the environment has the keys. */
function secretOf({ secretRef }: DatadogMetric, settings: ProviderSettings): SecretWish | undefined {
  if (!secretRef?.name && settings.datadog) return undefined
  return {
    name: secretRef?.name || DEFAULT_SECRET,
    from: secretRef?.namespaced && secretRef.name ? 'run' : 'controller',
    plainKeys: ['address'],
  }
}

function prepare(config: DatadogMetric, context: ProviderContext): Preparation {
  const [problem] = checkDatadog(config, 'datadog')
  if (problem) return { problem: `${problem.field}: ${problem.message}` }
  const account = readAccount(config, context)
  if ('problem' in account) return { problem: `datadog: ${account.problem}` }
  const { apiVersion = 'v1', interval, requestTimeout } = config
  const to = Math.floor(context.now / 1000)
  const from = to - Math.floor(readDuration(interval, DEFAULT_INTERVAL_MS) / 1000)
  const common = {
    headers: {
      Accept: 'application/json',
      'Content-Type': 'application/json',
      'DD-API-KEY': account.apiKey,
      'DD-APPLICATION-KEY': account.appKey,
    },
    timeoutMs: Math.min(readDuration(requestTimeout, DEFAULT_TIMEOUT_MS), LONGEST_TIMEOUT_MS),
    maxBytes: MOST_BYTES,
    target: 'datadog',
  }
  if (apiVersion === 'v1') {
    const search = new URLSearchParams({ from: String(from), query: config.query ?? '', to: String(to) })
    const url = `${account.address}/api/v1/query?${search.toString()}`
    return {
      request: { ...common, method: 'GET', url },
      metadata: {},
      parse: (response) => readSeriesAnswer(response, context.mode),
    }
  }
  return {
    request: {
      ...common,
      method: 'POST',
      url: `${account.address}/api/v2/query/scalar`,
      body: JSON.stringify(renderScalarRequest(config, from, to)),
    },
    metadata: {},
    parse: (response) => readScalarAnswer(response, context.mode),
  }
}

const readDuration = (text: string | undefined, defaultMs: number): number =>
  text ? (parseGoDuration(text) ?? defaultMs) : defaultMs

/** `from` and `to` in seconds; the API has milliseconds. */
function renderScalarRequest(config: DatadogMetric, from: number, to: number): object {
  const { query, queries = {}, formula, aggregator = 'last' } = config
  const named = Object.entries(query ? { query } : queries).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    data: {
      type: 'scalar_request',
      attributes: {
        from: from * 1000,
        to: to * 1000,
        queries: named.map(([name, text]) => ({ aggregator, data_source: 'metrics', name, query: text })),
        formulas: formula ? [{ formula }] : [],
      },
    },
  }
}

interface Account {
  readonly address: string
  readonly apiKey: string
  readonly appKey: string
}

function readAccount(config: DatadogMetric, context: ProviderContext): Account | { readonly problem: string } {
  const wish = secretOf(config, context.settings ?? {})
  const keys = wish === undefined ? context.settings?.datadog : readKeys(context.secret)
  const place = wish?.from === 'run' ? "the run's namespace" : "the controller's namespace"
  if (!keys?.apiKey || !keys.appKey)
    return {
      problem: context.secret
        ? `Secret "${wish?.name}" needs api-key and app-key`
        : `Secret "${wish?.name}" not found in ${place}`,
    }
  const address = (keys.address || DEFAULT_ADDRESS).replace(/\/+$/, '')
  if (!/^https?:\/\/[^\s/]+/.test(address))
    return { problem: 'the address beside the keys is not an http or https URL' }
  return { address, apiKey: keys.apiKey, appKey: keys.appKey }
}

const readKeys = (secret: ProviderContext['secret'] = {}): Account => ({
  address: secret.address ?? '',
  apiKey: secret['api-key'] ?? '',
  appKey: secret['app-key'] ?? '',
})
