/**
 * Answers range selectors as a Prometheus would that scrapes twenty pods of every service every 15 s: a healthy canary beside its stable, since for ever.
 * What it says is arithmetic on the time asked for, so that it costs little and can be asked by any number of runs. Pure.
 */
export const SCRAPE_MS = 15_000
export const PODS = 20
const CANARY_PODS = 2
const REQUESTS_PER_SCRAPE = 75
const ERROR_SHARE = 0.005
const EVENT_SHARE = 0.2

/** Prometheus client libraries' default bounds, and how many of a hundred requests are slower. */
const bounds: readonly (readonly [le: string, slower: number])[] = [
  ['0.005', 100],
  ['0.01', 99],
  ['0.025', 90],
  ['0.05', 50],
  ['0.1', 18],
  ['0.25', 4],
  ['0.5', 0.8],
  ['1', 0.2],
  ['2.5', 0.04],
  ['5', 0],
  ['10', 0],
  ['+Inf', 0],
]

/** `form`: the body of a POST to `/api/v1/query`. */
export function answerQuery(form: string): string {
  const asked = new URLSearchParams(form)
  const query = asked.get('query') ?? ''
  const until = Number(asked.get('time')) * 1000
  const from = until - Number(/\[(\d+)s\]$/.exec(query)?.[1] ?? 0) * 1000
  const service = /service="([^"]*)"/.exec(query)?.[1] ?? ''
  const wanted = /le=~"([^"]*)"/.exec(query)?.[1]?.replaceAll('\\', '').split('|')
  const isHistory = query.includes('!~')
  const series: string[] = []
  for (let pod = isHistory ? CANARY_PODS : 0; pod < PODS; pod += 1) {
    const labels = `"namespace":"bench","service":"${service}","instance":"10.0.0.${pod}:8080","job":"shop","pod":"${service}-${pod}","rollouts_pod_template_hash":"${pod < CANARY_PODS ? 'canary' : 'stable'}"`
    for (const [name, share] of listCounters(query, wanted))
      series.push(`{"metric":{${name},${labels}},"values":[${renderSamples(pod, share, from, until)}]}`)
  }
  return `{"status":"success","data":{"resultType":"matrix","result":[${series.join(',')}]}}`
}

type Counter = readonly [labels: string, share: number]

function listCounters(query: string, wanted: readonly string[] | undefined): readonly Counter[] {
  if (query.startsWith('orders_total')) return [['"__name__":"orders_total"', EVENT_SHARE]]
  if (query.startsWith('http_requests_total'))
    return [
      ['"__name__":"http_requests_total","code":"200"', 1 - ERROR_SHARE],
      ['"__name__":"http_requests_total","code":"500"', ERROR_SHARE],
    ]
  return bounds
    .filter(([le]) => wanted === undefined || wanted.includes(le))
    .map(([le, slower]) => [`"__name__":"http_request_duration_seconds_bucket","le":"${le}"`, 1 - slower / 100])
}

function renderSamples(pod: number, share: number, from: number, until: number): string {
  const phaseMs = (pod * 733) % SCRAPE_MS
  const samples: string[] = []
  for (let scrape = Math.floor((from - phaseMs) / SCRAPE_MS) + 1; ; scrape += 1) {
    const at = scrape * SCRAPE_MS + phaseMs
    if (at > until) return samples.join(',')
    samples.push(`[${at / 1000},"${Math.floor((scrape % 1_000_000) * REQUESTS_PER_SCRAPE * share + pod * 0.37)}"]`)
  }
}
