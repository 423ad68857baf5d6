/**
 * The result of the story as data, and the judgement whether it went as it must. Pure. Every problem is one sentence.
 */
import type { ResponseLog } from '../gateway/response-log.ts'
import type { WeightChange } from './observation.ts'
import { type GateMetricName, gateMetrics, type Release } from './plot.ts'
import type { Catch } from './prediction.ts'

export interface ReleaseReport {
  readonly name: string
  readonly expected: string
  readonly actual: string
  /** Why it was taken back; null for a promoted release. */
  readonly cause: string | null
  /** Canary weights in percent that the answers at the gateway confirm, in order. */
  readonly weightsSeen: readonly number[]
  /** From the cause being known to the route giving stable everything; null for a promoted release. */
  readonly abortToStableMs: number | null
  /** From the cause being known to the last answer before a whole second without the canary; null for a promoted release. */
  readonly abortToQuietMs: number | null
  readonly lostRequests: number
  /** First lines of what the gates said last, stage by stage. */
  readonly verdicts: readonly string[]
  /** Passes, of any gate at any stage, that say what would have been caught. */
  readonly provenPasses: number
  /** The gate that caught it, and when; null where none did. */
  readonly caught: Catch | null
  /** Whether it stayed aborted while Git applied it again; null for a promoted release. */
  readonly stayedAborted: boolean | null
}

export interface ReactionSample {
  readonly release: string
  /** Epoch milliseconds. */
  readonly alertReceivedAt: number
  readonly stableWrittenAfterMs: number
  readonly canaryQuietAfterMs: number
}

export interface StoryReport {
  readonly releases: readonly ReleaseReport[]
  readonly slackMessages: number
  readonly controller: { readonly rssMb: number; readonly idleWrites: number }
  readonly requests: {
    readonly ok: number
    readonly appErrors: number
    readonly lost: number
    readonly lostBy: Readonly<Record<string, number>>
  }
  readonly reaction: readonly ReactionSample[]
  readonly seconds: number
}

export const MOST_RSS_MB = 150
/** Routing takes effect a moment after it is written; answers of the former weight are still under way. */
const SETTLE_MS = 300
const SHORTEST_STAGE_MS = 1_500
const TOLERANCE_POINTS = 2

export const describeExpected = ({ expected }: Release): string =>
  expected.cause === undefined ? expected.outcome : `${expected.outcome}: ${expected.cause}`

/** The weights between `fromMs` and `toMs` that the share of answers confirms; a stage too short to tell is left out. */
export function confirmWeights(
  changes: readonly WeightChange[],
  responses: Pick<ResponseLog, 'count'>,
  { podHash, fromMs, toMs }: { podHash: string; fromMs: number; toMs: number },
): readonly number[] {
  const seen: number[] = []
  for (const [index, { weight, atMs }] of changes.entries()) {
    const endMs = Math.min(changes[index + 1]?.atMs ?? toMs, toMs)
    if (weight === 0 || atMs < fromMs || endMs - atMs < SHORTEST_STAGE_MS) continue
    const counts = responses.count(atMs + SETTLE_MS, endMs)
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const share = (100 * (counts.get(podHash) ?? 0)) / Math.max(total, 1)
    if (Math.abs(share - weight) <= TOLERANCE_POINTS) seen.push(weight)
  }
  return seen
}

function listReleaseProblems(release: Release, report: ReleaseReport): readonly string[] {
  const problems: string[] = []
  const isPromoted = release.expected.outcome === 'promoted'
  if (report.actual !== report.expected)
    problems.push(`${release.name}: expected ${report.expected}, got ${report.actual}`)
  if (isPromoted && report.weightsSeen.join() !== release.weights.join()) {
    problems.push(
      `${release.name}: users saw the weights ${report.weightsSeen.join(', ') || 'none'}, not ${release.weights.join(', ')}`,
    )
  }
  if (report.lostRequests > 0) problems.push(`${release.name}: ${report.lostRequests} requests were lost`)
  problems.push(...listGateProblems(release, report))
  if (report.stayedAborted === false) problems.push(`${release.name}: did not stay aborted while Git applied it again`)
  return problems
}

const isGate = (cause: string | undefined): cause is GateMetricName => gateMetrics.some((name) => name === cause)

function listGateProblems(
  { name, expected, byHand, weights }: Release,
  { actual, expected: wanted, caught, provenPasses }: ReleaseReport,
) {
  if (actual !== wanted) return []
  // Nothing is judged at 100 %.
  const asked = gateMetrics.length * (weights.length - 1)
  if (expected.outcome === 'promoted' && byHand === undefined)
    return provenPasses === asked ? [] : [`${name}: ${provenPasses} of ${asked} passes say what would have been caught`]
  if (!isGate(expected.cause)) return []
  if (caught === null) return [`${name}: the gate gave no verdict with a time`]
  return caught.isInTime ? [] : [`${name}: ${renderCatch(caught)}`]
}

/** One line, such as `caught in 3 scrapes, predicted 3 to 4 (±1): 5 s after its first request, told after 7 s`. */
export function renderCatch({ scrapes, predicted: { least, most }, seconds, toldAfterSeconds }: Catch): string {
  const range = least === most ? `${least}` : `${least} to ${most}`
  return `caught in ${scrapes} scrapes, predicted ${range} (±1): ${seconds} s after its first request, told after ${toldAfterSeconds} s`
}

/** What did not go as it must; empty for a story that did. */
export function listProblems(plot: readonly Release[], report: StoryReport): readonly string[] {
  const problems: string[] = []
  for (const release of plot) {
    const found = report.releases.find(({ name }) => name === release.name)
    if (found) problems.push(...listReleaseProblems(release, found))
    else problems.push(`${release.name}: did not take place`)
  }
  const { rssMb, idleWrites } = report.controller
  if (report.requests.lost > report.releases.reduce((sum, { lostRequests }) => sum + lostRequests, 0)) {
    problems.push(`${report.requests.lost} requests were lost over the whole story`)
  }
  if (idleWrites > 0) problems.push(`the idle controller wrote ${idleWrites} times to the API`)
  if (rssMb > MOST_RSS_MB) problems.push(`the controller holds ${rssMb} MB of memory, more than ${MOST_RSS_MB}`)
  // At least its beginning and its end.
  if (report.slackMessages < 2 * report.releases.length)
    problems.push(`Slack was told ${report.slackMessages} messages only`)
  return problems
}
