/** What the suite `backtest` prints and puts into its JSON document: figures beside their target. Pure. */
import type { Report } from '../report.ts'
import { renderFigure, renderTable } from '../table.ts'
import type { BacktestResult, Timed } from './backtest.ts'

/** For 24 hours; more or less are measured against their share. */
const TARGET = { seconds: 60, hours: 24 } as const

export function reportBacktest(result: BacktestResult): Report {
  const { hours, pods, samples, first, cached, cases, falselyAborted, releases } = result
  const target = (TARGET.seconds * hours) / TARGET.hours
  const row = (name: string, { seconds, cpuSeconds, rssMb }: Timed, shown: string): readonly string[] => [
    name,
    renderFigure(seconds),
    shown,
    renderFigure(cpuSeconds),
    renderFigure(rssMb),
  ]
  const isMet = first.seconds <= target
  const rows = [
    row('everything asked', first, `${renderFigure(target)} ${isMet ? 'met' : 'missed'}`),
    row('answers from the disk', cached, '-'),
  ]
  const head = [`${hours} h, ${pods} pods, three gates`, 'seconds', 'target', 'CPU seconds', 'RSS, MiB']
  const found = `${cases} healthy rollouts, ${falselyAborted} aborted; ${releases.join(', ') || 'no release'}; ${samples} samples`
  return {
    text: `${renderTable(head, rows)}${found}\n`,
    figures: { ...result, target },
    ...(cases > 0 && releases.length > 0 ? {} : { failure: 'nothing was played' }),
  }
}
