/** What the suite `backtest` prints and puts into its JSON document: figures beside their target. Pure. */
import type { Report } from '../report.ts'
import { renderFigure, renderTable } from '../table.ts'
import type { BacktestResult, Timed } from './backtest.ts'

/** For 24 hours. Others have none: starting up and the hours that gates learn from take the same time, however few hours are played. */
const TARGET = { seconds: 60, hours: 24 } as const

export function reportBacktest(result: BacktestResult): Report {
  const { hours, pods, samples, first, cached, cases, falselyAborted, releases } = result
  const target = hours === TARGET.hours ? TARGET.seconds : undefined
  const row = (name: string, { seconds, cpuSeconds, rssMb }: Timed, shown: string): readonly string[] => [
    name,
    renderFigure(seconds),
    shown,
    renderFigure(cpuSeconds),
    renderFigure(rssMb),
  ]
  const rows = [
    row('everything asked', first, target === undefined ? '-' : renderTarget(first.seconds, target)),
    row('answers from the disk', cached, '-'),
  ]
  const head = [`${hours} h, ${pods} pods, three gates`, 'seconds', 'target', 'CPU seconds', 'RSS, MiB']
  const found = `${cases} healthy rollouts, ${falselyAborted} aborted; ${releases.join(', ') || 'no release'}; ${samples} samples`
  return {
    text: `${renderTable(head, rows)}${found}\n`,
    figures: { ...result, target: target ?? null },
    ...(cases > 0 && releases.length > 0 ? {} : { failure: 'nothing was played' }),
  }
}

const renderTarget = (seconds: number, target: number): string =>
  `${renderFigure(target)} ${seconds <= target ? 'met' : 'missed'}`
