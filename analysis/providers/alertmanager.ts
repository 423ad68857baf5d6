/**
 * `penstock/alertmanager`: is a matching alert firing? An Alertmanager that has just started, or is still finding its peers, knows of no alert that
 * fired before; its silence is no evidence.
 *
 *   matching alerts   Alertmanager                        conditions given   measurement
 *   some              any                                 no                 Failed
 *   none              ready, and up for `warmup`          no                 Successful
 *   any               ready, and up for `warmup`; or some yes                what they make of {count, alerts}
 *   none              settling, or up for less            any                no data
 *   unknown           no answer, or another than 200      any                Error
 */
import { z } from 'zod'
import {
  type AlertmanagerMetric,
  alertmanagerMetricSchema,
} from '../../controller/api/metric-providers/alertmanager.ts'
import { formatInstant, parseGoDuration, parseInstant } from '../../controller/api/scalars.ts'
import { parseAlertMatcher, renderAlertMatcher } from '../../controller/metric-language/alert-matcher.ts'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import type { HttpRequest, HttpResponse } from '../../controller/runtime/http.ts'
import { readAuthentication } from './authentication.ts'
import { readShape, renderValue } from './json-answer.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from './long-provider.ts'
import { boundText, renderHeaders } from './provider.ts'

const DEFAULT_TIMEOUT_SECONDS = 10
/** Prometheus sends alerts that go on firing again every minute by default (`--rules.alert.resend-delay`); twice that. */
const DEFAULT_WARMUP_MS = 120_000
const MOST_BYTES = 4 * 1024 * 1024
/** So many are named; all are counted. */
const MOST_NAMED = 20

export const alertmanager: LongProviderModule = {
  id: 'penstock/alertmanager',
  async look(order, ports) {
    const parsed = alertmanagerMetricSchema.safeParse(order.config)
    if (parsed.success) return await look(parsed.data, order, ports)
    const [issue] = parsed.error.issues
    return fail(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  },
}

const fail = (message: string): LookOutcome => ({
  kind: 'error',
  message: `penstock/alertmanager: ${boundText(message)}`,
})

async function look(config: AlertmanagerMetric, order: LookOrder, ports: LookPorts): Promise<LookOutcome> {
  const filters = renderFilters(config.matchers)
  if ('problem' in filters) return fail(filters.problem)
  const read = readAuthentication(config.authentication, { path: 'penstock/alertmanager', service: undefined })
  if ('problem' in read) return { kind: 'error', message: read.problem }
  const ask = async (path: string, query?: URLSearchParams): Promise<HttpResponse | undefined> => {
    const request = renderRequest(config, path, query)
    return request && (await ports.send(request, read.auth))
  }
  const answer = await ask('/api/v2/alerts', renderQuery(config, filters.filters))
  if (!answer) return fail('address is not an http or https URL')
  if (answer.status !== 200) return fail(`HTTP ${answer.status}`)
  const alerts = readShape(alertsSchema, answer.body)
  if (!alerts) return fail('the answer is no list of alerts')
  const firing = alerts.map(readAlert).sort((a, b) => compare(a.since, b.since) || compare(a.name, b.name))
  if (firing.length > 0) return judge(firing, order)
  const status = await ask('/api/v2/status')
  const doubt = status && findDoubt(status, config, order.now)
  return doubt ?? judge(firing, order)
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1)

function renderFilters(
  matchers: readonly string[],
): { readonly filters: readonly string[] } | { readonly problem: string } {
  const filters: string[] = []
  for (const text of matchers) {
    const parsed = parseAlertMatcher(text)
    if ('problem' in parsed) return { problem: `matcher ${boundText(text, 100)} ${parsed.problem}` }
    filters.push(renderAlertMatcher(parsed))
  }
  return { filters }
}

const renderQuery = (config: AlertmanagerMetric, filters: readonly string[]): URLSearchParams =>
  new URLSearchParams([
    ['active', 'true'],
    ['silenced', String(config.silenced ?? false)],
    ['inhibited', String(config.inhibited ?? false)],
    ['unprocessed', 'true'],
    ...filters.map((filter) => ['filter', filter] as [string, string]),
  ])

function renderRequest(config: AlertmanagerMetric, path: string, query?: URLSearchParams): HttpRequest | undefined {
  if (!/^https?:\/\//.test(config.address) || !URL.canParse(config.address)) return undefined
  const url = new URL(config.address)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`
  url.search = query?.toString() ?? ''
  return {
    method: 'GET',
    url: url.href,
    headers: renderHeaders(config.headers, config.authentication, { Accept: 'application/json' }),
    timeoutMs: (config.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    maxBytes: MOST_BYTES,
    target: 'alertmanager',
    ...(config.insecure ? { tls: { insecure: true } } : {}),
  }
}

const alertsSchema = z.array(
  z.looseObject({ labels: z.record(z.string(), z.string()), startsAt: z.string().nullish() }),
)

interface Alert {
  readonly name: string
  /** RFC 3339; empty when Alertmanager does not say. */
  readonly since: string
  readonly labels: Readonly<Record<string, string>>
}

function readAlert({ labels, startsAt }: z.infer<typeof alertsSchema>[number]): Alert {
  const since = parseInstant(startsAt)
  return { name: labels.alertname ?? '', since: since === undefined ? '' : formatInstant(since), labels }
}

const statusSchema = z.looseObject({ cluster: z.looseObject({ status: z.string() }), uptime: z.string() })

/** Why no alert says nothing yet; undefined when it does. */
function findDoubt(response: HttpResponse, config: AlertmanagerMetric, now: number): LookOutcome | undefined {
  if (response.status !== 200) return fail(`HTTP ${response.status}`)
  const status = readShape(statusSchema, response.body)
  const upSince = parseInstant(status?.uptime)
  if (!status || upSince === undefined) return fail('the answer is no status of an Alertmanager')
  if (status.cluster.status === 'settling')
    return { kind: 'noData', why: 'no alert matches, but Alertmanager is still finding its peers' }
  const warmupMs =
    config.warmup === undefined ? DEFAULT_WARMUP_MS : (parseGoDuration(config.warmup) ?? DEFAULT_WARMUP_MS)
  const upMs = now - upSince
  if (upMs >= warmupMs) return undefined
  const upSeconds = Math.max(0, Math.floor(upMs / 1000))
  return {
    kind: 'noData',
    why: `no alert matches, but Alertmanager has been up for ${upSeconds} s only and keeps no alerts over a restart`,
  }
}

function judge(firing: readonly Alert[], { metric }: LookOrder): LookOutcome {
  const named = firing.slice(0, MOST_NAMED)
  const shown: Value = { count: firing.length, alerts: named.map(({ name, since }) => ({ name, since })) }
  const text = renderValue(shown)
  if (metric.successCondition || metric.failureCondition)
    return { kind: 'sample', value: { count: firing.length, alerts: named.map((alert) => ({ ...alert })) }, text }
  if (firing.length === 0)
    return { kind: 'decided', phase: 'Successful', message: 'no matching alert is firing', value: text }
  const list = named.map(({ name, since }) => `${name} since ${since}`).join(', ')
  return {
    kind: 'decided',
    phase: 'Failed',
    message: boundText(`${firing.length === 1 ? 'an alert is' : `${firing.length} alerts are`} firing: ${list}`),
    value: text,
  }
}
