/**
 * The first line of a verdict: the finding in the form that its outcome asks for, with what next in minutes. Whoever reads only this line must
 * not take it for more than it is: a hold says that it is no pass, a pass says what it would have missed.
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import { formatCount, formatPercent, formatRatio, formatSeconds, formatShare, formatWait } from './format.ts'
import { isBeforeAfter, nounOf, renderInterval, type VerdictNumbers } from './text-lines.ts'

export function renderLead(verdict: VerdictNumbers): string {
  const word = verdict.outcome.toUpperCase().padEnd(7)
  const comparison = isBeforeAfter(verdict) ? 'before/after, weaker' : ''
  const parts = [nameOf(verdict), stageOf(verdict), comparison, ...LEADS[verdict.outcome](verdict)]
  return `${word}${parts.filter((part) => part !== '').join('  ')}`
}

/** Whether the first line tells the first problem. */
export const tellsProblem = (verdict: VerdictNumbers): boolean =>
  verdict.outcome === 'error' || (verdict.outcome === 'hold' && !isWatched(verdict))

const nameOf = (verdict: VerdictNumbers): string =>
  ({ errorRate: 'error-rate', latency: 'p99', events: nounOf(verdict).many })[verdict.gate]

const LEADS: Readonly<Record<GateVerdict['outcome'], (verdict: VerdictNumbers) => readonly string[]>> = {
  abort: (verdict) => [verdict.reason === 'AbortUndecided' ? renderForced(verdict) : sinceOf(verdict)],
  pass: (verdict) => [renderPass(verdict), `${renderPower(verdict)}.`],
  hold: (verdict) => [
    ...(tellsProblem(verdict) ? [renderProblem(verdict)] : renderHold(verdict)),
    renderNoPass(verdict),
  ],
  error: (verdict) => [renderProblem(verdict)],
}

function stageOf({ stage }: VerdictNumbers): string {
  const { number, count, weightPercent } = stage ?? {}
  const place = number === undefined ? '' : `stage ${number}${count === undefined ? '' : `/${count}`}`
  const weight = weightPercent === undefined ? '' : formatPercent(weightPercent)
  if (place === '') return weight === '' ? '' : `at ${weight}`
  return weight === '' ? place : `${place} (${weight})`
}

const sinceOf = ({ exposedSeconds }: VerdictNumbers): string =>
  exposedSeconds === undefined ? '' : `${formatSeconds(exposedSeconds)} after the first canary request`

const renderForced = (verdict: VerdictNumbers): string =>
  `undecided${renderOverdue(verdict)}, and onUndecided is abort.  ${renderPower(verdict)}.`

const renderOverdue = ({ stage }: VerdictNumbers): string =>
  stage?.secondsLeft === undefined ? '' : ` ${formatSeconds(-stage.secondsLeft)} after the stage's end`

function renderPass(verdict: VerdictNumbers): string {
  const { reason, ratio, ratioUpper, ratioLower, gate } = verdict
  if (reason === 'ProceedUndecided')
    return `undecided${renderOverdue(verdict)}, and onUndecided is proceed: nothing is proven.`
  const arms = isBeforeAfter(verdict) ? 'after/before' : 'canary/stable'
  const value = ratio === undefined ? 'stable had no bad event' : `${arms} ${formatRatio(ratio)}`
  const bound = gate === 'events' ? ratioLower : ratioUpper
  if (reason !== 'Proven' || bound === undefined) return `${value} (${renderInterval(verdict)}).`
  return `${value} (${gate === 'events' ? `≥ ${formatRatio(bound, 'down')}` : `≤ ${formatRatio(bound, 'up')}`} proven).`
}

/** What would have been noticed, which is what "nothing found" is worth. */
function renderPower(verdict: VerdictNumbers): string {
  const { smallestDetectable: smallest } = verdict
  return smallest === undefined
    ? 'Nothing could have been caught yet'
    : `Would have caught ${renderDetectable(smallest, verdict)}`
}

/** A ratio to nearly nothing means nothing to people: from here on the share of requests alone is told. */
const RATIO_SHOWN = 20

function renderDetectable(ratio: number, { gate, stable }: VerdictNumbers): string {
  if (gate === 'events') return ratio < 0.005 ? 'a total loss' : `≤ ${formatRatio(ratio, 'down')}`
  if (gate === 'latency' || stable.total === 0) return `≥ ${formatRatio(ratio, 'up')}`
  const failing = `${formatShare(Math.min(1, (ratio * Math.max(stable.bad, 0.5)) / stable.total))} failing`
  return ratio > RATIO_SHOWN ? `≥ ${failing}` : `≥ ${formatRatio(ratio, 'up')} (${failing})`
}

/** Held because of what was counted, not because nothing was. */
const isWatched = ({ reason }: VerdictNumbers): boolean => reason === 'Watching' || reason === 'Undecided'

const renderNoPass = ({ final }: VerdictNumbers): string =>
  final ? 'Not a pass: a person has to decide.' : 'Not a pass.'

function renderHold(verdict: VerdictNumbers): readonly string[] {
  const { target, stage } = verdict
  if (!target.caught) return [`${renderSeen(verdict)}${renderWait(verdict)}.`]
  const end = stage?.secondsLeft === undefined ? '' : `; the stage ends in ${formatWait(stage.secondsLeft)}`
  return [`nothing found so far${end}.`, `${renderPower(verdict)}.`]
}

function renderSeen(verdict: VerdictNumbers): string {
  const { gate, expected, target } = verdict
  if (gate === 'events') {
    const needed = target.events === undefined ? '' : ` of ${formatCount(target.events)}`
    return `${formatCount(expected)}${needed} expected ${nounOf(verdict).many} seen so far`
  }
  const { smallestDetectable: smallest } = verdict
  const caught = smallest === undefined ? 'nothing' : `only ${renderDetectable(smallest, verdict)}`
  return `so far ${caught} would have been caught, asked for is ${renderDetectable(target.ratio, verdict)}`
}

function renderWait({ target, stage }: VerdictNumbers): string {
  const { seconds, nextWeightSeconds } = target
  const next = stage?.nextWeightPercent
  const here = seconds === undefined ? [] : [`${formatWait(seconds)} more`]
  const there =
    nextWeightSeconds === undefined || next === undefined
      ? []
      : [`${formatWait(nextWeightSeconds)} at ${formatPercent(next)}`]
  const waits = [...here, ...there]
  return waits.length === 0 ? ': too few requests to foresee when' : `: ${waits.join(', or ')}`
}

function renderProblem({ problems, reason }: VerdictNumbers): string {
  const [problem] = problems
  return problem === undefined ? reason : `${cutText(problem.what)} — ${problem.fix}.`
}

/** Queries may be as long as they like; what to do about it has to stay on the line. */
const LONGEST_PROBLEM = 240

const cutText = (text: string): string =>
  text.length > LONGEST_PROBLEM ? `${text.slice(0, LONGEST_PROBLEM - 1).trimEnd()}…` : text
