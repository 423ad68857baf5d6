/**
 * Series as bad exporters, stores and clusters leave them: each scenario starts from a canary and a stable that are well, or from a canary that fails ten
 * times as often, and spoils their samples. Deterministic: a seed gives the same file. It must not know what a gate makes of them.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { seededRandom } from '../../../fakes/fake-random.ts'
import { RELEASE_AT } from './backfill.ts'

const run = promisify(execFile)
const SCRAPE_SECONDS = 15
/** Seconds around the release. */
const FROM = -35 * 60
const UNTIL = 15 * 60

export interface OddSeries {
  readonly metric: string
  readonly labels: Readonly<Record<string, string>>
  /** Seconds after the release's start, and a value. */
  readonly samples: readonly (readonly [seconds: number, value: number])[]
}

export interface Arms {
  readonly canaryRps?: number
  readonly stableRps?: number
  readonly canaryErrorShare?: number
}

/** Requests by code, durations and orders of one canary pod and two of stable. */
export function buildArms(service: string, arms: Arms = {}): readonly OddSeries[] {
  const { canaryRps = 10, stableRps = 45, canaryErrorShare = 0.005 } = arms
  return [
    ...buildPod({ service, version: 'canary', pod: 'canary-0', from: 20 }, canaryRps, canaryErrorShare),
    ...buildPod({ service, version: 'stable', pod: 'stable-0', from: FROM }, stableRps, 0.005),
    ...buildPod({ service, version: 'stable', pod: 'stable-1', from: FROM }, stableRps, 0.005),
  ]
}

interface Pod {
  readonly service: string
  readonly version: string
  readonly pod: string
  readonly from: number
}

const bounds = [0.1, 0.15, 0.19, 0.198, 0.205, 0.25, 0.5]

function buildPod({ service, version, pod, from }: Pod, rps: number, errorShare: number): readonly OddSeries[] {
  const random = seededRandom(Array.from(service + pod).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) | 0, 7))
  const labels = { namespace: 'shop', service, rollouts_pod_template_hash: version, pod: `${service}-${pod}` }
  const phase = 1 + (pod.endsWith('1') ? 4 : 0)
  const counts = [0, 0, 0, ...bounds.map(() => 0), 0]
  const rows: { seconds: number; counts: readonly number[] }[] = []
  for (let seconds = from + phase; seconds <= UNTIL; seconds += SCRAPE_SECONDS) {
    for (let request = 0; request < rps * SCRAPE_SECONDS; request += 1) {
      const isFailed = random.next() < errorShare
      const duration = 0.1 + 0.1 * random.next()
      const grow = (index: number): void => {
        counts[index] = (counts[index] ?? 0) + 1
      }
      grow(isFailed ? 1 : 0)
      if (random.next() < 0.2) grow(2)
      for (const [index, bound] of bounds.entries()) if (duration <= bound) grow(3 + index)
      grow(3 + bounds.length)
    }
    rows.push({ seconds, counts: [...counts] })
  }
  const column = (metric: string, index: number, extra: Readonly<Record<string, string>> = {}): OddSeries => ({
    metric,
    labels: { ...labels, ...extra },
    samples: rows.map((row) => [row.seconds, row.counts[index] ?? 0]),
  })
  return [
    column('http_requests_total', 0, { code: '200' }),
    column('http_requests_total', 1, { code: '503' }),
    column('orders_total', 2),
    ...[...bounds, '+Inf'].map((le, index) =>
      column('http_request_duration_seconds_bucket', 3 + index, { le: String(le) }),
    ),
  ]
}

/** A directory of blocks for a real Prometheus; `close` removes it. */
export async function importSeries(
  series: readonly OddSeries[],
): Promise<{ readonly directory: string; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'penstock-odd-'))
  const file = join(directory, 'samples.om')
  await writeFile(file, renderFile(series))
  await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, join(directory, 'data')])
  await rm(file)
  return { directory: join(directory, 'data'), close: () => rm(directory, { recursive: true, force: true }) }
}

/** Of no type, so that nothing is refused for its name. */
function renderFile(series: readonly OddSeries[]): string {
  const metrics = [...new Set(series.map(({ metric }) => metric))]
  const families = metrics.map((metric) => {
    const lines = series.filter((one) => one.metric === metric).flatMap(renderLines)
    return `# TYPE ${metric} unknown\n${lines.join('\n')}\n`
  })
  return `${families.join('')}# EOF\n`
}

function renderLines({ metric, labels, samples }: OddSeries): readonly string[] {
  const rendered = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return samples.map(([seconds, value]) => `${metric}{${rendered.join(',')}} ${value} ${RELEASE_AT / 1000 + seconds}`)
}
