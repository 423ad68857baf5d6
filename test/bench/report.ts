/** What each suite prints and puts into its JSON document: figures beside their targets. Pure. It judges no run by the clock of the machine. */
import type { IdleResult } from './idle.ts'
import { type ReactionResult, summarizeReaction } from './reaction.ts'
import { summarize } from './statistics.ts'
import { renderFigure, renderTable } from './table.ts'
import type { WriteCount, WritesResult } from './writes.ts'

export interface Report {
  readonly text: string
  /** For the JSON document. */
  readonly figures: object
  /** What is wrong with what was measured, where that is no matter of the machine. */
  readonly failure?: string
}

/** Milliseconds, at twenty rollouts. */
const reactionTargets: Readonly<Record<string, { readonly median: number; readonly p95?: number }>> = {
  alertToStableWeight: { median: 300, p95: 1_000 },
  alertToLastCanaryAnswer: { median: 300, p95: 1_000 },
  specChangeToFirstWrite: { median: 150 },
}
/** MiB: twenty Rollouts, and a thousand. */
const mostRssMb = (rollouts: number): number => (rollouts > 20 ? 238 : 150)
const MOST_CPU_SHARE = 0.02

const renderWord = (isMet: boolean): string => (isMet ? 'met' : 'missed')

const renderCauses = (lostBy: ReactionResult['lostBy']): string =>
  Object.entries(lostBy)
    .map(([cause, count]) => `(${cause}: ${count})`)
    .join(' ')

export function reportReaction(result: ReactionResult, baseline: ReactionResult | undefined): Report {
  const summary = summarizeReaction(result)
  const before = baseline && summarizeReaction(baseline)
  const apiWrite = summary.apiWrite?.median ?? Number.NaN
  const figures = Object.entries(summary).map(([name, figure]) => {
    const target = reactionTargets[name]
    const isMet = target && figure.median <= target.median && figure.p95 <= (target.p95 ?? Number.POSITIVE_INFINITY)
    const ratio = before?.[name] && figure.median / before[name].median
    const timesApiWrite = figure.median / apiWrite
    return {
      name,
      ...figure,
      timesApiWrite,
      ...(target ? { target, isMet } : {}),
      ...(ratio === undefined ? {} : { ratio }),
    }
  })
  const rows = figures.map((figure) => [
    figure.name,
    String(figure.count),
    ...[figure.median, figure.p95, figure.max, figure.timesApiWrite].map(renderFigure),
    figure.target ? [figure.target.median, figure.target.p95 ?? '-'].join(' / ') : '',
    figure.isMet === undefined ? '' : renderWord(figure.isMet),
    ...(before ? [figure.ratio === undefined ? '' : figure.ratio.toFixed(2)] : []),
  ])
  const head = ['milliseconds', 'samples', 'median', 'p95', 'max', 'x API write', 'target', '']
  const table = renderTable(before ? [...head, 'x baseline'] : head, rows)
  return {
    text: `${table}${result.requests} requests through the gateway, ${result.lostRequests} lost ${renderCauses(result.lostBy)}\n`,
    figures: { figures, samples: result, ...(baseline ? { baseline: { figures: before, samples: baseline } } : {}) },
  }
}

export function reportWrites(result: WritesResult, baseline: WritesResult | undefined): Report {
  const counts = [result.promote, result.abort, result.blueGreen]
  const calls = [...new Set(counts.flatMap((count) => Object.keys(count.calls)))].sort()
  const cells = (of: (count: WriteCount) => number | undefined): readonly string[] =>
    counts.map((count) => renderFigure(of(count) ?? 0))
  const rows = [
    ...calls.map((call) => [call, ...cells((count) => count.calls[call])]),
    ['all', ...cells(({ total }) => total)],
    ['all but events', ...cells(({ withoutEvents }) => withoutEvents)],
  ]
  const text = `${renderTable(['writes per rollout', 'promote', 'abort', 'blue-green'], rows)}${renderFigure(result.promote.perStep)} writes per step of the promoted release, events left out\n`
  const ratios = baseline && {
    promote: result.promote.withoutEvents / baseline.promote.withoutEvents,
    abort: result.abort.withoutEvents / baseline.abort.withoutEvents,
    blueGreen: result.blueGreen.withoutEvents / baseline.blueGreen.withoutEvents,
  }
  const compared = ratios
    ? `of the baseline's writes: promote ${ratios.promote.toFixed(2)}, abort ${ratios.abort.toFixed(2)}, blue-green ${ratios.blueGreen.toFixed(2)}\n`
    : ''
  return { text: text + compared, figures: { ...result, ...(baseline ? { baseline, ratios } : {}) } }
}

export function reportIdle(result: IdleResult, baseline: IdleResult | undefined): Report {
  const rss = summarize(result.rssMb)
  const before = baseline && summarize(baseline.rssMb)
  const mostRss = mostRssMb(result.rollouts)
  const rows = [
    ['writes besides the Lease', String(result.writes), '0', renderWord(result.writes === 0)],
    ['most memory (RSS), MiB', renderFigure(rss.max), String(mostRss), renderWord(rss.max <= mostRss)],
    [
      'CPU, percent of one core',
      (result.cpuShare * 100).toFixed(2),
      String(MOST_CPU_SHARE * 100),
      renderWord(result.cpuShare <= MOST_CPU_SHARE),
    ],
  ]
  const head = [`${result.minutes} minutes, ${result.rollouts} rollouts`, 'measured', 'target', '']
  const compared = before ? `memory of the baseline: ${renderFigure(before.max)} MiB\n` : ''
  return {
    text: renderTable(head, rows) + compared,
    figures: { ...result, rss, ...(baseline ? { baseline } : {}) },
  }
}
