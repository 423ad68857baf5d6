/** What a backtest found, as a table for people and as one JSON document. Pure: numbers come from the cases, and are the same in both. */
import { possibleWeights } from '../../analysis/domain/backtest/pseudo-rollouts.ts'
import type { Played } from '../../analysis/domain/backtest/replay-plan.ts'
import { renderSummary, summarize } from '../../analysis/domain/backtest/summary.ts'
import { renderColumns } from '../terminal.ts'
import type { CompiledPolicy } from './compile-gates.ts'
import { durationOf, timeOf } from './format-time.ts'
import type { PlayedPolicy, PlayedRelease } from './play.ts'

export interface PolicyReport {
  readonly compiled: CompiledPolicy
  readonly result: PlayedPolicy
}

export interface ReportRange {
  readonly from: number
  readonly to: number
  readonly everyMs: number
}

/** Lines of text, ending with one sentence for each policy. */
export function renderReport(reports: readonly PolicyReport[], range: ReportRange): string {
  const parts = [
    `history ${timeOf(range.from)} to ${timeOf(range.to)}, a pseudo-rollout every ${durationOf(range.everyMs)}`,
    ...reports.flatMap((report) => describePolicy(report, range)),
    '',
    renderColumns([
      ['POLICY', 'CASES', 'FALSELY ABORTED', 'HELD', 'PASSED', 'CUT SHORT', 'BY GATE'],
      ...reports.map(totalsOf),
    ]),
    ...renderEnded(reports),
    ...renderReleases(reports),
    '',
    ...reports.map(({ result }) => `${result.plan.name}: ${renderSummary(summaryOf(result))}`),
  ]
  return `${parts.join('\n')}\n`
}

function describePolicy({ compiled, result }: PolicyReport, range: ReportRange): readonly string[] {
  const { plan, pods } = result
  const stages = plan.stages.map(({ weightPercent, durationMs }) => `${weightPercent} % ${durationOf(durationMs)}`)
  const played = possibleWeights(plan, pods).map((weight) => `${Number(weight.toFixed(1))} %`)
  const share = pods === 0 ? 'no case' : `${pods} pods, so the canary plays ${played.join(', ')} of them`
  return [
    `policy ${plan.name}: ${stages.join(', ')}; ${share}`,
    ...[...compiled.notes, ...listNotes(result, range), ...listDelays(result)].map((note) => `  note: ${note}`),
  ]
}

/** What keeps the result from being what was asked for. */
export function listNotes(
  { windows, versions, oldest, plan, releases, problems }: PlayedPolicy,
  { from }: ReportRange,
): readonly string[] {
  const { withRelease, withoutTraffic, withoutPods } = windows
  const historyMs = Math.max(0, ...plan.gates.map((gate) => gate.historyMs))
  const missingMs = oldest === undefined ? 0 : oldest - (from - historyMs)
  const slackMs = 10 * 60_000
  const left = (count: number, why: string): string[] =>
    count > 0 ? [`${count} ${count === 1 ? 'window is' : 'windows are'} left out: ${why}`] : []
  return [
    ...left(withRelease, 'a release lies within'),
    ...left(withoutTraffic, 'no version had traffic throughout'),
    ...left(withoutPods, 'fewer than 2 pods: none can play the canary'),
    ...(missingMs > slackMs
      ? [
          `history begins at ${timeOf(oldest ?? 0)}, ${durationOf(missingMs)} later than asked for: the first cases know less noise`,
        ]
      : []),
    ...(versions.length < 2 ? ['only one version had traffic: there is no past release to replay'] : []),
    ...(versions.length > 1 && releases.length === 0
      ? ['no two versions had traffic at the same time: there is no past release to replay']
      : []),
    ...problems,
  ]
}

/** Ends of releases that came later than the first look which found them, since a limit asked for more. */
export function listDelays({ pseudo, releases }: Pick<PlayedPolicy, 'pseudo' | 'releases'>): readonly string[] {
  const delays = new Map<string, number[]>()
  for (const { played } of [...pseudo, ...releases]) {
    const { gate, delay, outcome, at } = played
    if (gate === undefined || delay === undefined) continue
    const words = `${delay.limit} of ${gate}: ${outcome}`
    delays.set(words, [...(delays.get(words) ?? []), at - delay.firstAt])
  }
  return [...delays].map(
    ([words, lengths]) =>
      `${words} ${lengths.length === 1 ? 'once' : `${lengths.length} times`}, later than without it by ${durationOf(Math.max(...lengths))}${lengths.length === 1 ? '' : ' at most'}`,
  )
}

export const summaryOf = (result: PlayedPolicy) =>
  summarize(
    result.plan.gates,
    result.pseudo.map(({ played }) => played),
  )

function totalsOf({ result }: PolicyReport): readonly string[] {
  const { cases, outcomes } = summaryOf(result)
  const ended = new Map<string, number>()
  for (const { played } of result.pseudo)
    if (played.gate !== undefined)
      ended.set(`${played.gate} ${played.outcome}`, (ended.get(`${played.gate} ${played.outcome}`) ?? 0) + 1)
  const byGate = [...ended].map(([words, count]) => `${words} ${count}`)
  const numbers = [cases, outcomes.aborted, outcomes.held, outcomes.passed, outcomes.cutShort].map(String)
  return [result.plan.name, ...numbers, byGate.join(', ') || '-']
}

/** Healthy rollouts that did not pass, one by one. */
function renderEnded(reports: readonly PolicyReport[]): readonly string[] {
  const rows = reports.flatMap(({ result }) =>
    result.pseudo.flatMap(({ window, played }) =>
      played.outcome === 'aborted' || played.outcome === 'held'
        ? [
            [
              result.plan.name,
              timeOf(window.since),
              played.outcome,
              afterOf(window.since, played),
              String(played.stage + 1),
              played.gate ?? '',
              [played.reason, played.message].filter((words) => words !== undefined).join(': '),
            ],
          ]
        : [],
    ),
  )
  return rows.length === 0
    ? []
    : ['', renderColumns([['POLICY', 'HEALTHY FROM', 'OUTCOME', 'AFTER', 'STAGE', 'GATE', 'REASON'], ...rows])]
}

function renderReleases(reports: readonly PolicyReport[]): readonly string[] {
  const rows = reports.flatMap(({ result }) => result.releases.map((one) => [result.plan.name, ...releaseRow(one)]))
  const head = ['POLICY', 'RELEASE', 'FROM', 'LASTED', 'REALLY', 'WOULD HAVE', 'AFTER', 'STAGE', 'GATE', 'BAD SAVED']
  return rows.length === 0 ? [] : ['', renderColumns([head, ...rows])]
}

function releaseRow({ release, played, saved, bad }: PlayedRelease): readonly string[] {
  const { canary, stable, since, until, ended } = release
  const really = { promoted: 'promoted', rolledBack: 'rolled back', open: 'not over' }[ended]
  return [
    `${canary} over ${stable}`,
    timeOf(since),
    durationOf(until - since),
    really,
    wouldHave[played.outcome],
    played.outcome === 'aborted' || played.outcome === 'held' ? afterOf(since, played) : '-',
    played.gate === undefined ? '-' : String(played.stage + 1),
    played.gate ?? '-',
    played.outcome === 'aborted' && bad !== undefined ? `${saved ?? 0} of ${bad}` : '-',
  ]
}

const wouldHave = { aborted: 'aborted', held: 'held', passed: 'passed', cutShort: 'let it go on' } as const

const afterOf = (since: number, { at, delay }: Pick<Played, 'at' | 'delay'>): string =>
  delay === undefined
    ? durationOf(at - since)
    : `${durationOf(at - since)} (found ${durationOf(delay.firstAt - since)})`
