/** Our reading of classic quantiles beside that of a real Prometheus: histograms of all kinds, also broken ones, drawn from a seed. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type ClassicBucket, classicQuantile } from '../../../analysis/domain/gates/quantile.ts'
import { createRandom, type Random } from '../../bench/verdicts/random.ts'
import { type PrometheusProcess, startPrometheus } from './prometheus-process.ts'

const CASES = 120
const quantiles = [-0.5, 0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1, 1.5]
const WITHIN_MS = 30_000

/** Some end without `+Inf`, some fall, some begin below 0, some are empty; some have one bucket, some have fractions. */
function drawHistogram(random: Random): ClassicBucket[] {
  const isBroken = random.uniform() < 0.3
  const scale = random.uniform() < 0.3 ? 0.37 : 1
  let [le, count] = [random.uniform() < 0.15 ? -2 : 0, 0]
  const buckets = Array.from({ length: Math.floor(random.uniform() * 9) }, (): ClassicBucket => {
    le += random.geometric(3) / 8
    count += random.uniform() < 0.3 ? 0 : random.poisson(20)
    const fall = isBroken && random.uniform() < 0.2 ? random.poisson(5) : 0
    return { le, count: Math.max(0, count - fall) * scale }
  })
  if (random.uniform() < 0.1) return buckets
  return [...buckets, { le: Number.POSITIVE_INFINITY, count: (count + random.poisson(1)) * scale }]
}

const renderBound = (le: number): string => (Number.isFinite(le) ? String(le) : '+Inf')
const render = (histograms: readonly (readonly ClassicBucket[])[]): string =>
  histograms
    .flatMap((buckets, index) =>
      buckets.map(({ le, count }) => `seconds_bucket{drawn="${index}",le="${renderBound(le)}"} ${count}`),
    )
    .join('\n')

interface Answer {
  readonly data: {
    readonly result: readonly { readonly metric: { drawn: string }; readonly value: [number, string] }[]
  }
}

const parseValue = (text: string): number => Number(text.replace('Inf', 'Infinity'))

describe('classic quantiles', () => {
  const random = createRandom(20240607)
  const histograms = Array.from({ length: CASES }, () => drawHistogram(random))
  let server: Server
  let prometheus: PrometheusProcess

  before(async () => {
    server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(`${render(histograms)}\n`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    prometheus = await startPrometheus(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    const deadline = performance.now() + WITHIN_MS
    while ((await prometheus.query('count(seconds_bucket)')) === undefined) {
      assert.ok(performance.now() < deadline, 'nothing was scraped')
      await delay(200)
    }
  })
  after(async () => {
    await prometheus?.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  for (const quantile of quantiles) {
    test(`${quantile}`, async () => {
      const query = `histogram_quantile(${quantile}, seconds_bucket)`
      const response = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`)
      const { data } = (await response.json()) as Answer
      assert.ok(data.result.length > CASES / 2)
      for (const { metric, value } of data.result) {
        const expected = parseValue(value[1])
        const actual = classicQuantile(quantile, histograms[Number(metric.drawn)] ?? [])
        const isSame = Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-9 * Math.abs(expected)
        assert.ok(isSame, `${actual} is not ${expected}: ${JSON.stringify(histograms[Number(metric.drawn)])}`)
      }
    })
  }
})
