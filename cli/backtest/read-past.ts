/**
 * Reads raw samples of hours or days from Prometheus: in chunks on a fixed grid, so that the same chunk is the same question tomorrow, a few at a time,
 * each taken apart as soon as its turn comes. Latency histograms are asked for the bounds around the P99 only.
 */
import type { VersionSeries } from '../../analysis/domain/backtest/gate-source.ts'
import { listBounds } from '../../analysis/domain/gates/latency-counters.ts'
import { planEdges } from '../../analysis/domain/gates/latency-edges.ts'
import { readLatencyHistory } from '../../analysis/domain/gates/read-latency-ticks.ts'
import { unpackSeries } from '../../analysis/domain/gates/sample-log.ts'
import type { GateSeries } from '../../analysis/domain/gates/samples.ts'
import { sumSurvival } from '../../analysis/domain/gates/survival.ts'
import { createClassifier, type Purpose, readBound } from '../../analysis/providers/gate/classify.ts'
import type { RawSeries } from '../../analysis/providers/gate/matrix.ts'
import { listPurposes, renderVersions } from '../../analysis/providers/gate/queries.ts'
import type { Ask } from '../../analysis/providers/gate/samples-of-run.ts'
import { createSeriesStream, type SeriesStream } from '../../analysis/providers/gate/series-stream.ts'
import { CliError } from '../cli-error.ts'
import type { CompiledGate } from './compile-gates.ts'
import { mapInOrder } from './in-order.ts'

export interface PastOrder {
  readonly gate: CompiledGate
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
  readonly parallel: number
  /** Called for each chunk that is done. */
  readonly onChunk: () => void
}

const CHUNK_MS = 30 * 60_000

/** Ends of the chunks that cover `(from, to]`; the last one may be short. */
export function listChunks(from: number, to: number): readonly number[] {
  const ends: number[] = []
  for (let end = Math.floor(from / CHUNK_MS + 1) * CHUNK_MS; end < to; end += CHUNK_MS) ends.push(end)
  return [...ends, to]
}

/** How many chunks are asked for in all. */
export const countQuestions = ({ plan }: CompiledGate, from: number, to: number): number =>
  listChunks(from, to).length * listPurposes(plan).length

/** Series by version, all of arm `stable`. Throws CliError with the query when Prometheus does not give the whole answer. */
export async function readPast(order: PastOrder, ask: Ask): Promise<VersionSeries> {
  const { plan } = order.gate
  const les = plan.gate === 'latency' ? await chooseBounds(order, ask) : undefined
  const streams = new Map<string, GateSeries[]>()
  for (const purpose of listPurposes(plan)) {
    for (const [version, { log }] of await readPurpose(order, purpose, les, ask)) {
      const known = streams.get(version) ?? []
      for (const one of unpackSeries(log)) known.push(one)
      streams.set(version, known)
    }
  }
  return streams
}

async function readPurpose(
  { gate, from, to, parallel, onChunk }: PastOrder,
  purpose: Purpose,
  les: readonly string[] | undefined,
  ask: Ask,
) {
  const { selector } = renderVersions(gate.plan, purpose, gate.isNamed, les)
  const streams = new Map<string, SeriesStream>()
  await mapInOrder(
    listChunks(from, to),
    parallel,
    (end) => askChunk(ask, selector, end),
    (answer, end) => {
      for (const [version, series] of groupByVersion(answer, gate)) {
        const stream = streams.get(version) ?? createSeriesStream(classifierOf(gate, purpose))
        streams.set(version, stream)
        stream.append(series, end)
      }
      onChunk()
    },
  )
  return streams
}

export async function askChunk(ask: Ask, selector: string, end: number): Promise<readonly RawSeries[]> {
  const windowMs = end % CHUNK_MS === 0 ? CHUNK_MS : end % CHUNK_MS
  const answer = await ask({ selector, at: end, windowMs })
  if ('problem' in answer) throw new CliError(answer.problem)
  return answer.series
}

function groupByVersion(
  answer: readonly RawSeries[],
  { plan }: CompiledGate,
): ReadonlyMap<string, readonly RawSeries[]> {
  const groups = new Map<string, RawSeries[]>()
  for (const one of answer) {
    const version = one.labels[plan.version.label] ?? ''
    const group = groups.get(version) ?? []
    group.push(one)
    groups.set(version, group)
  }
  return groups
}

function classifierOf({ plan }: CompiledGate, purpose: Purpose) {
  const { label, stable } = plan.version
  const classify = createClassifier(
    plan,
    purpose,
    plan.matchers.map((matcher) => matcher.label),
  )
  return (labels: Readonly<Record<string, string>>, isNative: boolean) =>
    classify({ ...labels, [label]: stable }, isNative)
}

/** Bounds that the newest chunk's P99 is read from and one more on either side; undefined (all) where that cannot be told. */
async function chooseBounds({ gate, to }: PastOrder, ask: Ask): Promise<readonly string[] | undefined> {
  const { selector } = renderVersions(gate.plan, 'buckets', gate.isNamed)
  const answer = await askChunk(ask, selector, to)
  const stream = createSeriesStream(classifierOf(gate, 'buckets'))
  stream.append(answer, to)
  const series = unpackSeries(stream.log)
  if (series.some(({ role }) => role === 'native')) return undefined
  const bounds = listBounds(series)
  const { ticks } = readLatencyHistory(series, bounds, { from: to - CHUNK_MS, now: to, warmupMs: 0 })
  const plan = planEdges(sumSurvival(ticks, 'stable', bounds), gate.plan.thresholds.toleranceRatio)
  if (!plan) return undefined
  const places = plan.bounds.map((bound) => bounds.indexOf(bound))
  const wanted = new Set(bounds.slice(Math.max(0, Math.min(...places) - 1), Math.max(...places) + 2))
  const names = answer.flatMap(({ labels: { le } }) =>
    le !== undefined && wanted.has(readBound(le, gate.plan.unitSeconds)) ? [le] : [],
  )
  return [...new Set(names)].sort()
}

/** Of all samples, epoch milliseconds. */
export function findOldest(series: readonly VersionSeries[]): number | undefined {
  let oldest: number | undefined
  for (const versions of series)
    for (const own of versions.values())
      for (const { times } of own)
        if (times[0] !== undefined && times[0] < (oldest ?? Number.POSITIVE_INFINITY)) oldest = times[0]
  return oldest
}
