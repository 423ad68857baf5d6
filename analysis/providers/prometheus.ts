/**
 * Prometheus' HTTP API as a metric provider: instant and range queries, sent as a form, and as a query string where the server takes no forms. What an
 * answer means is for `prometheus-answer.ts`.
 */
import type { z } from 'zod'
import { prometheusMetricSchema } from '../../controller/api/analysis.ts'
import { parseGoDuration } from '../../controller/api/scalars.ts'
import { findPromqlProblem } from '../../controller/metric-language/promql.ts'
import { readTimeExpression } from '../../controller/metric-language/time-expression.ts'
import type { HttpRequest, HttpResponse } from '../../controller/runtime/http.ts'
import { type ReadAuthentication, readAuthentication } from './authentication.ts'
import { readPrometheusAnswer } from './prometheus-answer.ts'
import { boundText, defineProvider, type Preparation, type ProviderContext, renderHeaders } from './provider.ts'

type Config = z.infer<typeof prometheusMetricSchema>

const DEFAULT_TIMEOUT_SECONDS = 30
const MOST_BYTES = 4 * 1024 * 1024
/** The name that AWS' managed Prometheus has in addresses, and the one it signs with. */
const MANAGED_BY_AWS = { address: 'aps-workspaces', service: 'aps' } as const

export const prometheus = defineProvider<Config>({
  id: 'prometheus',
  schema: prometheusMetricSchema,
  prepare,
})

function prepare(config: Config, context: ProviderContext): Preparation {
  const address = config.address || context.prometheusAddress
  if (!address) return { problem: 'prometheus.address is not set and the controller has no default address' }
  const query = config.query ?? ''
  const problem = findPromqlProblem(query)
  if (problem) return { problem: `prometheus: ${problem}` }
  const authentication = authenticate(config, address, context)
  if ('problem' in authentication) return authentication
  const range = config.rangeQuery ? renderRange(config.rangeQuery, context.now) : {}
  if ('problem' in range) return { problem: `prometheus.rangeQuery.${range.problem}` }
  const timeoutSeconds = config.timeout || DEFAULT_TIMEOUT_SECONDS
  const url = renderUrl(address, config.rangeQuery ? 'query_range' : 'query')
  if (!url) return { problem: 'prometheus.address is not an http or https URL' }
  const { auth } = authentication
  const form = { query, timeout: `${timeoutSeconds}s`, ...range }
  const request = renderRequest(config, { url, form, timeoutSeconds })
  return {
    request,
    ...(auth === undefined ? {} : { auth }),
    fallback: (response) => (takesNoForms(response) ? renderGet(request, form) : undefined),
    metadata: { ResolvedPrometheusQuery: boundText(query, 2000) },
    parse: (response) => readPrometheusAnswer(response, context.mode),
  }
}

/** Argo Rollouts signs for AWS' own addresses alone, and asks without a signature elsewhere. */
function authenticate(config: Config, address: string, { mode }: ProviderContext): ReadAuthentication {
  const read = readAuthentication(config.authentication, { path: 'prometheus', service: MANAGED_BY_AWS.service })
  const isUnsigned = mode === 'argo' && !address.includes(MANAGED_BY_AWS.address)
  return 'auth' in read && read.auth?.kind === 'sigv4' && isUnsigned ? { auth: undefined } : read
}

interface Question {
  readonly url: string
  readonly form: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
}

function renderRequest(config: Config, { url, form, timeoutSeconds }: Question): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: renderHeaders(config.headers, config.authentication, {
      Accept: 'application/json',
      'Content-Type': 'application/x-www-form-urlencoded',
    }),
    body: new URLSearchParams(form).toString(),
    timeoutMs: timeoutSeconds * 1000,
    maxBytes: MOST_BYTES,
    target: 'prometheus',
    ...(config.insecure ? { tls: { insecure: true } } : {}),
  }
}

/** Servers that are read-only, or stand behind a proxy that is. */
const takesNoForms = ({ status }: HttpResponse): boolean => status === 405 || status === 501

function renderGet({ body: _body, headers = {}, ...request }: HttpRequest, form: Question['form']): HttpRequest {
  const url = new URL(request.url)
  for (const [name, value] of Object.entries(form)) url.searchParams.set(name, value)
  const kept = Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'content-type')
  // A space written as + is one in forms only, and signatures tell the two apart.
  url.search = url.search.replaceAll('+', '%20')
  return { ...request, method: 'GET', url: url.href, headers: Object.fromEntries(kept) }
}

/** The API's URL below an address that may have a path of its own. */
function renderUrl(address: string, endpoint: string): string | undefined {
  if (!URL.canParse(address)) return undefined
  const url = new URL(address)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/${endpoint}`
  return url.href
}

type Range = Record<string, string> | { readonly problem: string }

function renderRange(range: NonNullable<Config['rangeQuery']>, now: number): Range {
  const times: Record<string, string> = {}
  for (const name of ['start', 'end'] as const) {
    const time = readTimeExpression(range[name] ?? '', now)
    if (time === undefined)
      return { problem: `${name}: "${range[name] ?? ''}" is not a time such as now() - duration("5m")` }
    times[name] = String(time / 1000)
  }
  const stepMs = parseGoDuration(range.step ?? '') ?? 0
  if (stepMs <= 0) return { problem: `step: "${range.step ?? ''}" is not a positive duration` }
  return { ...times, step: String(stepMs / 1000) }
}
