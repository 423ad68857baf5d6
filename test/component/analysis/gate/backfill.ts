/**
 * A real Prometheus over hours that have been made up: pods of two versions with counters that grow as given, written as OpenMetrics and imported by
 * promtool. Times are fixed, so that a test moves its own clock through a release in seconds and gets the same samples each time.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { seededRandom } from '../../../fakes/fake-random.ts'

const run = promisify(execFile)

/** When all releases of the tests begin, epoch milliseconds. */
export const RELEASE_AT = Date.UTC(2026, 0, 1, 12)
export const HISTORY_MS = 90 * 60_000
export const RELEASE_MS = 15 * 60_000
const SCRAPE_MS = 15_000

/** What the pods of one version do, from the release on. */
export interface PodTraffic {
  readonly pods: number
  readonly requestsPerSecond: number
  readonly errorShare: number
  /** Of the first pod, instead. */
  readonly sickPodErrorShare?: number
  /** Every request takes between 0.5 and 1 of this. */
  readonly slowestMs: number
  readonly eventsPerRequest: number
  /** Seconds after the release's start at which the pods stop being scraped. */
  readonly scrapedForSeconds?: number
}

export interface Scenario {
  readonly stable: PodTraffic
  readonly canary: PodTraffic
  /** Value of the version's label on both, instead of one for each. */
  readonly sameVersion?: string
}

export const healthy: PodTraffic = {
  pods: 4,
  requestsPerSecond: 95,
  errorShare: 0.005,
  slowestMs: 200,
  eventsPerRequest: 0.2,
}

const bounds = [0.05, 0.075, 0.1, 0.125, 0.15, 0.175, 0.19, 0.198, 0.205, 0.22, 0.25, 0.3, 0.4, 0.5]

/** A directory of blocks; `close` removes it. Series carry `service` by the scenario's name. */
export async function backfill(
  scenarios: Readonly<Record<string, Scenario>>,
): Promise<{ readonly directory: string; close(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'penstock-backfill-'))
  const file = join(directory, 'samples.om')
  await writeFile(file, renderSamples(scenarios))
  await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, join(directory, 'data')])
  await rm(file)
  return { directory: join(directory, 'data'), close: () => rm(directory, { recursive: true, force: true }) }
}

function renderSamples(scenarios: Readonly<Record<string, Scenario>>): string {
  const metrics = new Map<string, string[]>()
  for (const [service, { stable, canary, sameVersion }] of Object.entries(scenarios)) {
    addVersion(metrics, { service, version: sameVersion ?? 'stable', name: 'stable', from: -HISTORY_MS }, stable)
    addVersion(metrics, { service, version: sameVersion ?? 'canary', name: 'canary', from: 20_000 }, canary)
  }
  const families = [...metrics].map(
    ([name, lines]) => `# TYPE ${name} ${TYPES[name] ?? 'counter'}\n${lines.join('\n')}\n`,
  )
  return `${families.join('')}# EOF\n`
}

const TYPES: Readonly<Record<string, string>> = { http_request_duration_seconds: 'histogram' }

interface Version {
  readonly service: string
  readonly version: string
  readonly name: string
  /** Milliseconds after the release's start at which its pods are there. */
  readonly from: number
}

function addVersion(
  metrics: Map<string, string[]>,
  { service, version, name, from }: Version,
  traffic: PodTraffic,
): void {
  const until = traffic.scrapedForSeconds === undefined ? RELEASE_MS : traffic.scrapedForSeconds * 1000
  for (let pod = 0; pod < traffic.pods; pod += 1) {
    const labels = `namespace="shop",service="${service}",rollouts_pod_template_hash="${version}",pod="${service}-${name}-${pod}"`
    const errorShare = pod === 0 ? (traffic.sickPodErrorShare ?? traffic.errorShare) : traffic.errorShare
    const pieces = simulatePod({ ...traffic, errorShare }, seededRandom(hash(`${service}${name}${pod}`)).next, {
      from,
      until,
      phaseMs: 1000 + 1711 * pod,
    })
    for (const [metric, sample, value, seconds] of pieces) {
      const lines = metrics.get(metric) ?? []
      metrics.set(metric, lines)
      lines.push(`${sample.replace('LABELS', labels)} ${value} ${seconds}`)
    }
  }
}

type Piece = readonly [metric: string, sample: string, value: number, seconds: number]

/** In the order that OpenMetrics wants: series by series. */
function simulatePod(
  { pods, requestsPerSecond, errorShare, slowestMs, eventsPerRequest }: PodTraffic,
  random: () => number,
  { from, until, phaseMs }: { readonly from: number; readonly until: number; readonly phaseMs: number },
): readonly Piece[] {
  const slower = bounds.map((bound) => Math.min(1, Math.max(0, 1 - (bound / (slowestMs / 1000) - 0.5) * 2)))
  const rows: { readonly seconds: number; readonly counts: readonly number[] }[] = []
  // ok, failed, events, then at most each bound
  const counts = [0, 0, 0, ...bounds.map(() => 0)]
  for (let at = from + phaseMs; at <= until; at += SCRAPE_MS) {
    const requests = poisson(((requestsPerSecond / pods) * SCRAPE_MS) / 1000, random)
    const failed = binomial(requests, errorShare, random)
    counts[0] = (counts[0] ?? 0) + requests - failed
    counts[1] = (counts[1] ?? 0) + failed
    counts[2] = (counts[2] ?? 0) + binomial(requests, eventsPerRequest, random)
    let above = requests
    for (const [index, share] of slower.entries()) {
      const before = index === 0 ? 1 : (slower[index - 1] ?? 1)
      above = before === 0 ? 0 : binomial(above, share / before, random)
      counts[3 + index] = (counts[3 + index] ?? 0) + requests - above
    }
    rows.push({ seconds: (RELEASE_AT + at) / 1000, counts: [...counts] })
  }
  const column = (metric: string, sample: string, pick: (counts: readonly number[]) => number): readonly Piece[] =>
    rows.map((row) => [metric, sample, pick(row.counts), row.seconds])
  const hasFailed = (counts[1] ?? 0) > 0
  return [
    ...column('http_requests', 'http_requests_total{LABELS,code="200"}', (row) => row[0] ?? 0),
    ...(hasFailed ? column('http_requests', 'http_requests_total{LABELS,code="503"}', (row) => row[1] ?? 0) : []),
    ...((counts[2] ?? 0) > 0 ? column('orders', 'orders_total{LABELS}', (row) => row[2] ?? 0) : []),
    ...bounds.flatMap((bound, index) =>
      column(
        'http_request_duration_seconds',
        `http_request_duration_seconds_bucket{LABELS,le="${bound}"}`,
        (row) => row[3 + index] ?? 0,
      ),
    ),
    ...column(
      'http_request_duration_seconds',
      'http_request_duration_seconds_bucket{LABELS,le="+Inf"}',
      (row) => (row[0] ?? 0) + (row[1] ?? 0),
    ),
  ]
}

const hash = (text: string): number =>
  Array.from(text).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 2_147_483_647, 7)

function poisson(mean: number, random: () => number): number {
  if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)))
  let product = random()
  let count = 0
  for (const limit = Math.exp(-mean); product > limit; count += 1) product *= random()
  return count
}

function binomial(trials: number, share: number, random: () => number): number {
  if (share <= 0 || trials <= 0) return 0
  if (share >= 1) return trials
  let count = 0
  for (let trial = 0; trial < trials; trial += 1) if (random() < share) count += 1
  return count
}

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(random() || Number.MIN_VALUE)) * Math.cos(2 * Math.PI * random())
