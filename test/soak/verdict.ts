/** What a soak is worth: the figures as text, and every target that was missed as a sentence. Pure. */
import type { Loss } from '../../sandbox/load/load.ts'
import { type Summary, summarize } from '../bench/statistics.ts'
import { fitMemory, type MemoryFit, type MemorySample, WARM_UP_RELEASES } from './memory.ts'
import { kinds } from './order.ts'
import type { ReleaseRecord, SoakResult } from './soak.ts'
import { findOurs, stalledMs } from './stalls.ts'

export interface SoakVerdict {
  readonly figures: SoakFigures
  readonly text: string
  /** Empty: everything is as it must be. */
  readonly misses: readonly string[]
}

export interface SoakFigures {
  readonly releases: number
  readonly kills: number
  /** Requests that nothing but the controller can be blamed for. */
  readonly lost: number
  /** Lost while the cluster itself stood still, or answered nobody in time. */
  readonly unjudged: number
  readonly stalledSeconds: number
  readonly stuck: number
  /** Milliseconds; of alerts that met a living controller, and of those that came while one was killed. */
  readonly alertToStableWeight: Summary | undefined
  readonly alertToStableWeightAcrossKills: Summary | undefined
  readonly alertToLastCanaryAnswer: Summary | undefined
  readonly memory: MemoryFit | undefined
}

/** MB per ten releases. */
const MOST_SLOPE = 1
/** A line through fewer samples says nothing: garbage is collected every few releases. */
const LEAST_SAMPLES = 20

export function judgeSoak(result: SoakResult): SoakVerdict {
  const { releases, kills, load } = result
  const reactions = releases.filter((release) => release.reaction !== undefined)
  const times = (of: readonly ReleaseRecord[], field: 'routeMs' | 'lastAnswerMs'): Summary | undefined => {
    const samples = of.flatMap(({ reaction }) => (reaction ? [Math.round(reaction[field])] : []))
    return samples.length > 0 ? summarize(samples) : undefined
  }
  const ours = findOurs(load.losses, result.stalls)
  const alive = reactions.filter((release) => release.kills === 0)
  const figures: SoakFigures = {
    releases: releases.length,
    kills,
    lost: ours.length,
    unjudged: load.lost - ours.length + load.unjudged,
    stalledSeconds: Math.round(stalledMs(result.stalls) / 100) / 10,
    stuck: releases.filter(({ stuck }) => stuck !== undefined).length,
    alertToStableWeight: times(alive, 'routeMs'),
    alertToStableWeightAcrossKills: times(
      reactions.filter((release) => release.kills > 0),
      'routeMs',
    ),
    alertToLastCanaryAnswer: times(alive, 'lastAnswerMs'),
    memory: fitMemory(result.memory),
  }
  return { figures, text: render(result, figures), misses: listMisses(figures, ours) }
}

function listMisses({ lost, stuck, memory }: SoakFigures, ours: readonly Loss[]): readonly string[] {
  const causes = [...new Set(ours.map(({ cause }) => cause))].sort()
  const byCause = causes.map((cause) => `${ours.filter((loss) => loss.cause === cause).length} ${cause}`)
  return [
    ...(lost > 0 ? [`${lost} requests were lost: ${byCause.join(', ')}`] : []),
    ...(stuck > 0 ? [`${stuck} releases are stuck`] : []),
    ...(memory && memory.samples >= LEAST_SAMPLES && memory.slope > MOST_SLOPE
      ? [`memory grows by ${memory.slope.toFixed(2)} MB in 10 releases, more than ${MOST_SLOPE}`]
      : []),
  ]
}

function render(result: SoakResult, figures: SoakFigures): string {
  const { load, releases } = result
  const lines = [
    `releases         ${figures.releases}: ${kinds.map((kind) => `${countOf(releases, kind)} ${kind}`).join(', ')}; ${figures.stuck} stuck`,
    `kills            ${figures.kills}, ${releases.filter(({ kills }) => kills > 0).length} releases met one`,
    `requests         ${load.sent} sent of ${load.scheduled} scheduled: ${load.ok} answered, ${load.appError} failed by the version itself, ${figures.lost} lost, ${figures.unjudged} not to be judged`,
    `the load itself  ${load.late} sent late, at worst by ${Math.round(load.worstLateMs)} ms; ${load.skipped} skipped`,
    `the cluster      stood still for ${figures.stalledSeconds} s for lack of CPU, in ${result.stalls.length} stalls: what was lost then is not judged`,
    `alert to stable  ${renderTimes(figures.alertToStableWeight)}`,
    `  across a kill  ${renderTimes(figures.alertToStableWeightAcrossKills)}`,
    `last bad answer  ${renderTimes(figures.alertToLastCanaryAnswer)}`,
    `memory           ${renderFit(figures.memory)}`,
    ...renderSeries(result.memory),
  ]
  return `${lines.join('\n')}\n`
}

const countOf = (releases: readonly ReleaseRecord[], wanted: string): number =>
  releases.filter(({ kind }) => kind === wanted).length

const renderTimes = (summary: Summary | undefined): string =>
  summary ? `${summary.median} ms median, ${summary.max} ms at most, of ${summary.count}` : 'no alert'

function renderFit(fit: MemoryFit | undefined): string {
  if (!fit) return `no process outlived ${WARM_UP_RELEASES} releases by two: no slope`
  const error = fit.standardError === undefined ? '' : ` ± ${fit.standardError.toFixed(2)} (standard error)`
  const few = fit.samples < LEAST_SAMPLES ? '; too few to judge' : ''
  return `${fit.slope.toFixed(2)} MB in 10 releases${error}, one line of least squares through ${fit.samples} samples of ${fit.lifetimes} processes, each from its release ${WARM_UP_RELEASES + 1} on${few}`
}

/** A line for each process: its resident memory after each release. */
function renderSeries(memory: readonly MemorySample[]): readonly string[] {
  const lifetimes = [...new Set(memory.map(({ lifetime }) => lifetime))]
  return lifetimes.map((id) => {
    const series = memory.filter(({ lifetime }) => lifetime === id).map(({ rssMb }) => rssMb.toFixed(1))
    return `  process ${String(id).padStart(2)}     ${series.join(' ')} MB`
  })
}
