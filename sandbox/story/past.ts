/**
 * The hours before the story: gates learn a service's noise from its past, and a story of minutes has none. Every request of four pods is drawn by chance
 * and counted by the shop's own metrics, as the first version behaves. Times are given; it must not reach into the story itself.
 */

import { type Behaviour, latencyAt } from '../app/behaviour.ts'
import { createAppMetrics } from '../app/exposition.ts'

export interface Past {
  readonly behaviour: Pick<Behaviour, 'errorRate' | 'latencyMs' | 'orderRate'>
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

const PODS = 4
const SCRAPE_MS = 30_000
/** Of one pod: a quiet time. */
const REQUESTS_PER_SCRAPE = 360
const SERIES = /^(\w+)(?:\{(.*)\})? (\S+)$/

/** OpenMetrics for `promtool tsdb create-blocks-from openmetrics`. */
export function renderPast({ behaviour, from, to, random }: Past): string {
  const pods = Array.from({ length: PODS }, (_, pod) => ({
    labels: `namespace="shop",service="shop",rollouts_pod_template_hash="v0",pod="shop-v0-${pod}",job="pods"`,
    metrics: createAppMetrics({ hasOrders: true, leaks: false }),
  }))
  const lines: string[] = []
  for (let at = from; at <= to; at += SCRAPE_MS) {
    for (const { labels, metrics } of pods) {
      const requests = Math.round(REQUESTS_PER_SCRAPE * (0.9 + 0.2 * random()))
      for (let request = 0; request < requests; request += 1) serve(metrics, behaviour, random)
      for (const line of metrics.render().split('\n')) {
        const [, name, own = '', value] = SERIES.exec(line) ?? []
        if (name !== undefined) lines.push(`${name}{${own === '' ? labels : `${own},${labels}`}} ${value} ${at / 1000}`)
      }
    }
  }
  return `${lines.join('\n')}\n# EOF\n`
}

function serve(
  metrics: ReturnType<typeof createAppMetrics>,
  { errorRate, latencyMs, orderRate }: Past['behaviour'],
  random: () => number,
): void {
  const code = random() < errorRate ? 500 : 200
  if (code === 200 && random() < orderRate) metrics.order(true)
  metrics.observe('GET', code, latencyAt(random(), latencyMs) / 1000)
}
