/** The `--json` document of a backtest: `version` 1, times as RFC 3339, durations in seconds. Pure. */
import { possibleWeights } from '../../analysis/domain/backtest/pseudo-rollouts.ts'
import type { Played } from '../../analysis/domain/backtest/replay-plan.ts'
import { renderSummary } from '../../analysis/domain/backtest/summary.ts'
import { timeOf } from './format-time.ts'
import { listDelays, listNotes, type PolicyReport, type ReportRange, summaryOf } from './render-report.ts'

export const renderJson = (reports: readonly PolicyReport[], range: ReportRange) => ({
  version: 1,
  from: timeOf(range.from),
  to: timeOf(range.to),
  everySeconds: range.everyMs / 1000,
  policies: reports.map((report) => describePolicy(report, range)),
})

function describePolicy({ compiled, result }: PolicyReport, range: ReportRange) {
  const summary = summaryOf(result)
  const played = possibleWeights(result.plan, result.pods)
  return {
    name: result.plan.name,
    text: renderSummary(summary),
    notes: [...compiled.notes, ...listNotes(result, range), ...listDelays(result)],
    stages: result.plan.stages.map(({ weightPercent, durationMs }, index) => ({
      weightPercent,
      playedPercent: round(played[index] ?? 0),
      seconds: durationMs / 1000,
    })),
    pods: result.pods,
    cases: summary.cases,
    ...summary.outcomes,
    gates: summary.gates.map(({ firstStage, plan, ...gate }) => ({
      ...gate,
      caughtInFirstStage: round(firstStage),
      caughtInPlan: round(plan),
    })),
    pseudoRollouts: result.pseudo.map(({ window, played: one }) => ({
      from: timeOf(window.since),
      ...describePlayed(one, window.since),
    })),
    releases: result.releases.map(({ release, played: one, saved, bad }) => ({
      canary: release.canary,
      stable: release.stable,
      from: timeOf(release.since),
      to: timeOf(release.until),
      ended: release.ended,
      ...describePlayed(one, release.since),
      bad: bad ?? null,
      saved: saved ?? null,
    })),
  }
}

const describePlayed = ({ outcome, at, stage, gate, reason, message, delay }: Played, since: number) => ({
  outcome,
  afterSeconds: (at - since) / 1000,
  stage: stage + 1,
  ...(gate === undefined ? {} : { gate, reason, ...(message === undefined ? {} : { message }) }),
  ...(delay === undefined ? {} : { delayedBy: delay.limit, foundAfterSeconds: (delay.firstAt - since) / 1000 }),
})

const round = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toPrecision(4)))
