/**
 * A day and more of a service, as a Prometheus has it on disk: twenty pods scraped every 15 s, with counters of requests, failures and orders and a
 * histogram of twelve buckets; healthy, but for one release that fails. Written series by series, imported by promtool.
 */
import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { seededRandom } from '../../fakes/fake-random.ts'

const run = promisify(execFile)

export const PODS = 20
const SCRAPE_MS = 15_000
const REQUESTS_PER_SCRAPE = 150
const ERROR_SHARE = 0.005
const BAD_SHARE = 0.05
const ORDER_SHARE = 0.2
const CANARY_PODS = 2
/** Of the release that fails. */
const RELEASE_MS = 12 * 60_000

/** Prometheus client libraries' default bounds, and the share of requests that is slower. */
const bounds: readonly (readonly [le: string, slower: number])[] = [
  ['0.005', 1],
  ['0.01', 0.99],
  ['0.025', 0.9],
  ['0.05', 0.5],
  ['0.1', 0.18],
  ['0.25', 0.04],
  ['0.5', 0.008],
  ['1', 0.002],
  ['2.5', 0.0004],
  ['5', 0],
  ['10', 0],
  ['+Inf', 0],
]

/** Epoch milliseconds. */
export interface HistoryRange {
  readonly from: number
  readonly to: number
}

export interface HistoryOrder extends HistoryRange {
  readonly releaseAt: number
}

/** Blocks in `directory`/data, which is given; gives the number of samples. */
export async function writeHistory(
  directory: string,
  { from, to, releaseAt }: HistoryOrder,
): Promise<{ data: string; samples: number }> {
  const data = join(directory, 'data')
  await mkdir(data, { recursive: true })
  const file = join(directory, 'samples.om')
  const versions = [
    { name: 'aaa111', pods: PODS, errorShare: ERROR_SHARE, from, to },
    { name: 'bbb222', pods: CANARY_PODS, errorShare: BAD_SHARE, from: releaseAt, to: releaseAt + RELEASE_MS },
  ]
  let samples = 0
  function* render(): Generator<string> {
    for (const [family, type, column] of families) {
      yield `# TYPE ${family} ${type}\n`
      for (const version of versions)
        for (let pod = 0; pod < version.pods; pod += 1)
          for (const series of renderPod(version, pod, column)) {
            samples += series.count
            yield series.text
          }
    }
    yield '# EOF\n'
  }
  await pipeline(Readable.from(render()), createWriteStream(file))
  await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, data], {
    maxBuffer: 64 * 1024 * 1024,
  })
  await rm(file)
  return { data, samples }
}

interface Version extends HistoryRange {
  readonly name: string
  readonly pods: number
  readonly errorShare: number
}

/** Names of series with the share of requests that each counts. */
type Column = (errorShare: number) => readonly (readonly [series: string, share: number])[]

const families: readonly (readonly [family: string, type: string, column: Column])[] = [
  [
    'http_requests',
    'counter',
    (errorShare) => [
      ['http_requests_total{LABELS,code="200"}', 1 - errorShare],
      ['http_requests_total{LABELS,code="503"}', errorShare],
    ],
  ],
  ['orders', 'counter', () => [['orders_total{LABELS}', ORDER_SHARE]]],
  [
    'http_request_duration_seconds',
    'histogram',
    () => bounds.map(([le, slower]) => [`http_request_duration_seconds_bucket{LABELS,le="${le}"}`, 1 - slower]),
  ],
]

/** Series by series, as OpenMetrics wants it. Buckets share the noise of their scrape, so that none is above the next. */
function* renderPod({ name, from, to, errorShare }: Version, pod: number, column: Column) {
  const labels = `namespace="shop",service="checkout",rollouts_pod_template_hash="${name}",pod="checkout-${name}-${pod}"`
  for (const [series, share] of column(errorShare)) {
    const { next } = seededRandom(1 + pod)
    const named = series.replace('LABELS', labels)
    const lines: string[] = []
    let [requests, counted] = [0, 0]
    for (let at = from + 733 * pod; at <= to; at += SCRAPE_MS) {
      const added = Math.round(REQUESTS_PER_SCRAPE * (0.8 + 0.4 * next()))
      requests += added
      counted += draw(added, share, next())
      lines.push(`${named} ${share === 1 ? requests : counted} ${at / 1000}\n`)
    }
    yield { text: lines.join(''), count: lines.length }
  }
}

/** Rounded up or down by chance, so that the mean is exact and more of a larger share. */
const draw = (of: number, share: number, chance: number): number => Math.min(of, Math.floor(of * share + chance))
