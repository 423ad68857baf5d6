/**
 * The lines below a verdict's finding, each from the verdict's numbers: who did what in the same seconds, how sure that is, what noise was allowed
 * for, whom it hit, what to look at. A line without anything to say is left out.
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import {
  formatAmount,
  formatCount,
  formatInterval,
  formatLatencies,
  formatLatency,
  formatOdds,
  formatRatio,
  formatSeconds,
  formatShare,
  NARROW_SPACE,
  type Noun,
} from './format.ts'

export type VerdictNumbers = Omit<GateVerdict, 'text'>
type Count = VerdictNumbers['canary']
type Line = readonly [string] | readonly []

export const nounOf = ({ noun }: Pick<VerdictNumbers, 'noun'>): Noun => noun ?? { one: 'event', many: 'events' }

const shareOf = ({ bad, total }: Count): number => (total > 0 ? bad / total : 0)

export const isBeforeAfter = ({ comparison }: VerdictNumbers): boolean => comparison === 'beforeAfter'

export function renderComparison(verdict: VerdictNumbers): Line {
  const { canary, stable, ratio } = verdict
  const [of, verb] = WORDS[verdict.gate](verdict)
  const side = (count: Count, isFirst: boolean): string =>
    `${formatCount(count.bad)}${isFirst ? of[0] : of[1]} ${formatCount(count.total)}${isFirst ? verb : ''} (${formatShare(shareOf(count))})`
  const ratioText = ratio === undefined ? renderInterval(verdict) : `${formatRatio(ratio)} (${renderInterval(verdict)})`
  const other = isBeforeAfter(verdict) ? 'stable before the release' : 'stable in the same seconds'
  return [`canary ${side(canary, true)}, ${other} ${side(stable, false)} → ${ratioText}`]
}

/** By gate: what stands between the two numbers (in full, and the second time), and after them. */
const WORDS: Readonly<Record<GateVerdict['gate'], (verdict: VerdictNumbers) => [readonly [string, string], string]>> = {
  errorRate: () => [[' of', ' of'], ' failed'],
  latency: ({ p99 }) => [[' of', ' of'], p99?.edge === undefined ? ' slow' : ` slower than ${formatLatency(p99.edge)}`],
  events: (verdict) => [
    [` ${verdict.canary.bad === 1 ? nounOf(verdict).one : nounOf(verdict).many} in`, ' in'],
    ' requests',
  ],
}

export const renderInterval = ({ ratioLower, ratioUpper }: VerdictNumbers): string => {
  const interval = formatInterval(ratioLower, ratioUpper)
  return interval === undefined ? 'no bounds yet' : `${interval} at any look`
}

export function renderEvidence(verdict: VerdictNumbers): readonly string[] {
  const { evidence, evidenceLimit, hardFloor, reason, tolerance, toleranceEvidence, toleranceLimit } = verdict
  if (reason === 'HardFloor' && hardFloor) {
    const { canary, stable } = hardFloor
    const failed = `${formatCount(canary.bad)} of ${formatCount(canary.total)} canary requests failed in two scrapes`
    const well = `${formatCount(stable.bad)} of ${formatCount(stable.total)} of stable's`
    return [`hard floor: ${failed}, ${well}. Statistics were not waited for.`]
  }
  const odds = `evidence ${formatOdds(evidence)} (limit ${formatOdds(evidenceLimit)})`
  const beyond = `beyond the tolerated ${formatRatio(tolerance)}: ${formatOdds(toleranceEvidence)} (limit ${formatOdds(toleranceLimit)})`
  if (reason !== 'Regression') return [evidence >= evidenceLimit ? `${odds}, but not enough ${beyond}` : odds]
  const beyondIt = `${odds}, ${beyond}${isPast(verdict) ? '; both limits were reached before' : ''}.`
  if (isBeforeAfter(verdict)) return [`${beyondIt} ${WEAKER}`]
  const promise = `A healthy release reaches the limit in at most 1 of ${formatCount(evidenceLimit)} rollouts, however often we look.`
  return [`${beyondIt} ${promise}`]
}

const WEAKER = 'Weaker than side by side: what has changed for everybody since then counts against the release.'

/** An abort stays one, also when what came later speaks for the canary. */
const isPast = ({ evidence, evidenceLimit, toleranceEvidence, toleranceLimit }: VerdictNumbers): boolean =>
  evidence < evidenceLimit || toleranceEvidence < toleranceLimit

/** From here on fluctuations are called clumps. */
const CLUMPED = 1.05

export function renderNoise(verdict: VerdictNumbers): Line {
  const { phi } = verdict.noise
  const source = renderNoiseSource(verdict)
  const what =
    phi < CLUMPED
      ? `independent events (φ${NARROW_SPACE}1 ${source})`
      : `clumped events (φ${NARROW_SPACE}${formatCount(phi)} ${source})`
  return [`noise: ${what}, included.   shared cause: ${renderSharedCause(verdict)}`]
}

function renderNoiseSource({ noise: { live, historySeconds } }: VerdictNumbers): string {
  if (historySeconds > 0) {
    const history = `from ${formatSeconds(historySeconds)} of history`
    return live === undefined ? history : `${history} and live stable twins`
  }
  return live === undefined
    ? 'assumed: no history, and too few stable pods to compare'
    : 'from live stable twins, without history'
}

/** Standard deviations by which stable's own rate has to move for a cause that both arms share to be told. */
const MOVED_DEVIATIONS = 3

/** Both arms are compared in the same seconds, so a shared cause is never part of the ratio. */
function renderSharedCause(verdict: VerdictNumbers): string {
  const { stableBefore, stable, noise } = verdict
  if (isBeforeAfter(verdict)) return `not told apart, nothing runs beside it; expected ${renderExpectedBy(verdict)}`
  if (stableBefore === undefined || stableBefore.total === 0) return 'cancels, both arms in the same seconds'
  const before = shareOf(stableBefore)
  const expected = before * stable.total
  const deviation = Math.sqrt(noise.phi * Math.max(expected, 1))
  const moved = `${formatShare(before)} → ${formatShare(shareOf(stable))}`
  if (Math.abs(stable.bad - expected) <= MOVED_DEVIATIONS * deviation) return `no, stable unchanged (${moved})`
  return `stable moved too (${moved}), taken out`
}

function renderExpectedBy({ expectedBy }: VerdictNumbers): string {
  const { kind = 'flat', periods = 0 } = expectedBy ?? {}
  if (kind === 'flat') return 'at one rate, whatever the hour'
  return kind === 'hourOfWeek'
    ? `by the hour of the week (${periods} weeks)`
    : `by the hour of the day (${periods} days)`
}

/** Whom it hit and where: of a finding only, because without one it is noise. */
export function renderExposure(verdict: VerdictNumbers): Line {
  const { gate, outcome, excess, canary, stable, top } = verdict
  if (outcome !== 'abort') return []
  const lost = gate === 'events' ? -excess : excess
  const words = {
    errorRate: formatAmount(lost, { one: 'extra failed request', many: 'extra failed requests' }),
    latency: formatAmount(lost, { one: 'extra slow request', many: 'extra slow requests' }),
    events: `${formatAmount(lost, nounOf(verdict))} missing`,
  }
  const share = formatShare(lost / (canary.total + (isBeforeAfter(verdict) ? 0 : stable.total)))
  const exposure = lost >= 0.5 ? [`exposure: ${words[gate]}, ${share} of all requests.`] : []
  const where = top ? [`top: ${top.detail.slice(0, 100)} (${formatCount(top.bad)} of ${formatCount(top.of)})`] : []
  const parts = [...exposure, ...where]
  return parts.length === 0 ? [] : [parts.join('   ')]
}

/** The number of a dashboard, and why it is not ours. */
export function renderLatencies({ p99 }: VerdictNumbers): Line {
  const { canary, stable, canaryPromql, stablePromql, bucket } = p99 ?? {}
  if (canary === undefined || stable === undefined) return []
  const between = `P99 ${formatLatency(canary)} vs ${formatLatency(stable)} (log-log)`
  if (canaryPromql === undefined || stablePromql === undefined) return [between]
  const dashboard = `dashboard value (PromQL): ${formatLatency(canaryPromql)} vs ${formatLatency(stablePromql)}`
  return [
    `${between}.   ${dashboard}${bucket ? `, bucket ${formatLatencies(bucket.lower, bucket.upper)} is coarse` : ''}`,
  ]
}

/** `skipped`: how many of them the first line has told already. */
export const renderProblems = ({ problems }: VerdictNumbers, skipped: number): readonly string[] =>
  problems.slice(skipped).map(({ what, fix }) => `note: ${what}; ${fix}`)

/** Unless the first line names it already. */
export const renderQuery = ({ queries: [query] }: VerdictNumbers, lead: string): Line =>
  query === undefined || lead.includes(query) ? [] : [`look at: ${query}`]
