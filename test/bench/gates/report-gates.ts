/** What the suite `gates` prints and puts into its JSON document: figures beside their targets. Pure. */
import type { Report } from '../report.ts'
import { summarize } from '../statistics.ts'
import { renderFigure, renderTable } from '../table.ts'
import type { GatesResult } from './gates.ts'

/** For 500 runs; fewer or more are measured against their share. */
const TARGETS = { lookMs: 5, queriesPerLook: 4, cpuShare: 0.6, rssMb: 300, runs: 500 } as const

export function reportGates(result: GatesResult): Report {
  const judge = summarize(result.look.judgeMs)
  const whole = summarize(result.look.wholeMs)
  const rss = summarize(result.rssMb)
  const mostCpu = TARGETS.cpuShare * (result.runs / TARGETS.runs)
  const row = (name: string, value: string, target: number | string, isMet?: boolean): readonly string[] => [
    name,
    value,
    String(target),
    isMet === undefined ? '' : isMet ? 'met' : 'missed',
  ]
  const rows = [
    row(
      'three gates judged, ms of CPU (median)',
      renderFigure(judge.median),
      TARGETS.lookMs,
      judge.median <= TARGETS.lookMs,
    ),
    row('the same, p95', renderFigure(judge.p95), '-'),
    row('with a new scrape read (median)', renderFigure(whole.median), '-'),
    row(
      'queries per look',
      result.queriesPerLook.toFixed(2),
      TARGETS.queriesPerLook,
      result.queriesPerLook <= TARGETS.queriesPerLook,
    ),
    row('writes per look', result.writesPerLook.toFixed(2), '-'),
    row('CPU, percent of one core', (result.cpuShare * 100).toFixed(1), mostCpu * 100, result.cpuShare <= mostCpu),
    row('most memory (RSS), MiB', renderFigure(rss.max), TARGETS.rssMb, rss.max <= TARGETS.rssMb),
    row('first looks of all: CPU, seconds', renderFigure(result.start.cpuSeconds), '-'),
    row('first looks of all: queries per run', renderFigure(result.start.queries / result.runs), '-'),
  ]
  const head = [`${result.runs} runs of three gates over 20 pods, ${result.minutes} minutes`, 'measured', 'target', '']
  return { text: renderTable(head, rows), figures: { ...result, judge, whole, rss, targets: TARGETS } }
}
