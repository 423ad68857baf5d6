/**
 * A Prometheus that is played: it answers range selectors with counters that grow evenly, of one canary pod and two of stable, scraped every 15 s since long
 * ago. For suites that look at what is kept and written, not at what is judged.
 */
import type { HttpRequest, HttpResponse, HttpTransport } from '../../../../../controller/runtime/http.ts'
import { httpResponse } from '../../../../fakes/fake-transport.ts'

const SCRAPE_SECONDS = 15
const DAY_SECONDS = 86_400
/** To whatever is no range selector. */
const VECTOR = { resultType: 'vector', result: [{ metric: {}, value: [0, '1'] }] }
const bounds = [0.1, 0.15, 0.19, 0.198, 0.205, 0.25, 0.5, 1]

export interface PlayedPrometheus extends HttpTransport {
  readonly requests: readonly HttpRequest[]
  /** Instead of the next answers; undefined: play on. */
  instead: (() => HttpResponse) | undefined
}

/** `canaryFrom`: epoch milliseconds. */
export function playPrometheus(canaryFrom: number): PlayedPrometheus {
  const requests: HttpRequest[] = []
  const self: PlayedPrometheus = {
    requests,
    instead: undefined,
    async send(request) {
      requests.push(request)
      return self.instead?.() ?? httpResponse(200, answer(new URLSearchParams(request.body ?? ''), canaryFrom / 1000))
    },
  }
  return self
}

function answer(body: URLSearchParams, canaryFrom: number): string {
  if (!body.get('query')?.endsWith('s]')) return JSON.stringify({ status: 'success', data: VECTOR })
  const [, metric = '', window = '0'] = /^([a-z_]+)\{.*\}\[(\d+)s\]$/s.exec(body.get('query') ?? '') ?? []
  const at = Number(body.get('time'))
  const isStableOnly = !/canary/.test(body.get('query') ?? '') || /!~/.test(body.get('query') ?? '')
  const pods = ['stable-0', 'stable-1', ...(isStableOnly ? [] : ['canary-0'])]
  const result = pods.flatMap((pod, phase) =>
    listCounters(metric).map(({ labels, perSecond }) => {
      const [version = ''] = pod.split('-')
      const begin = version === 'canary' ? canaryFrom : canaryFrom - DAY_SECONDS
      const values: (readonly [number, string])[] = []
      const first = Math.ceil((Math.max(begin, at - Number(window)) + 0.001 - phase) / SCRAPE_SECONDS)
      for (let time = first * SCRAPE_SECONDS + phase; time <= at; time += SCRAPE_SECONDS)
        values.push([time, String(Math.floor((time - begin + wobble(time, pod)) * perSecond))])
      return { metric: { __name__: metric, pod, rollouts_pod_template_hash: version, ...labels }, values }
    }),
  )
  return JSON.stringify({
    status: 'success',
    data: { resultType: 'matrix', result: result.filter(({ values }) => values.length > 0) },
  })
}

/** Seconds, less than from scrape to scrape, so that history has some noise to teach. */
const wobble = (time: number, pod: string): number =>
  (Math.abs(Math.sin(time * 12.9898 + pod.length * 78.233)) * 1e4) % 10

function listCounters(metric: string): readonly { readonly labels: object; readonly perSecond: number }[] {
  if (metric === 'orders_total') return [{ labels: {}, perSecond: 4 }]
  if (metric.endsWith('_bucket'))
    return [...bounds, Number.POSITIVE_INFINITY].map((bound) => ({
      labels: { le: bound === Number.POSITIVE_INFINITY ? '+Inf' : String(bound) },
      perSecond: 20 * Math.min(1, Math.max(0, (bound / 0.2 - 0.5) * 2)),
    }))
  return [
    { labels: { code: '200' }, perSecond: 19.9 },
    { labels: { code: '503' }, perSecond: 0.1 },
  ]
}
