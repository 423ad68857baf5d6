/** A healthy and a bad rollout side by side: what both arms count, and what the evidence makes of it, scrape by scrape, as the gate sees it. */
import { replayCounts } from '../../../analysis/domain/stats/replay.ts'
import type { Look } from '../../../analysis/domain/stats/ticks.ts'
import type { ArmSums, CountRun } from '../verdicts/counts.ts'
import { errorRule } from '../verdicts/judges.ts'
import { learnNoise, minutesOf, planMinutes, playRollout, stages } from './figure-rollouts.ts'
import { createPanel, type Panel, plainTicks } from './panel.ts'
import { drawDot, drawLegend, drawText, type Point, renderSvg } from './svg.ts'

const EFFECT = 4
const MINUTE_SCRAPES = 4
/** One of those in which something happens. */
const SEED = 'evidence 7'
const time = {
  label: 'minutes since the first canary request',
  from: 0,
  to: planMinutes,
  ticks: plainTicks([0, 5, 10, 15, 20]),
}

/** Failing share of an arm over the last minute, in percent. */
function failingOf({ bad, total }: ArmSums, last: number): Point[] {
  return Array.from({ length: last + 1 }, (_, index): Point => {
    const first = Math.max(0, index - MINUTE_SCRAPES + 1)
    const sum = (values: Float64Array): number => values.slice(first, index + 1).reduce((a, b) => a + b, 0)
    return [minutesOf(index), (100 * sum(bad)) / Math.max(1, sum(total))]
  })
}

const drawStripes = (panel: Panel): string =>
  stages.flatMap(({ from, to }, index) => (index % 2 === 0 ? [panel.stripe(from, to)] : [])).join('\n')

const nameStages = (panel: Panel, y: number): string =>
  stages
    .map(({ from, to, weightPercent }) => {
      const [x] = panel.place((from + to) / 2, 1)
      return drawText(`${weightPercent} %`, { at: [x, y], anchor: 'middle', kind: 'faint' })
    })
    .join('\n')

function drawColumn(left: number, title: string, run: CountRun, looks: readonly Look[]): string {
  const aborted = looks.findIndex(({ decision }) => decision === 'abort')
  const last = aborted < 0 ? looks.length - 1 : aborted
  const rates = createPanel({
    title,
    at: [left, 56],
    size: [330, 130],
    x: { ...time, label: '', ticks: [] },
    y: { label: 'failing requests, %', from: 0, to: 6, ticks: plainTicks([0, 2, 4, 6]) },
  })
  const odds = createPanel({
    title: '',
    at: [left, 242],
    size: [330, 190],
    x: time,
    y: {
      label: 'evidence, odds',
      from: 0.1,
      to: 3000,
      isLog: true,
      ticks: [
        [0.1, '0.1'],
        [1, '1'],
        [10, '10'],
        [100, '100'],
        [1000, '1000'],
      ],
    },
  })
  const path = looks.slice(0, last + 1).map(({ evidence }, index): Point => [minutesOf(index), evidence])
  const end = path.at(-1)
  const limit = odds.place(planMinutes, 1 / errorRule.alpha)
  return [
    drawStripes(rates),
    nameStages(rates, 224),
    rates.frame,
    rates.line(failingOf(run.stable, last), 'line s-blue'),
    rates.line(failingOf(run.canary, last), 'line s-orange'),
    drawStripes(odds),
    odds.frame,
    odds.level(1 / errorRule.alpha, 'limit s-red'),
    drawText('limit 300 : 1', { at: [limit[0] - 4, limit[1] - 6], anchor: 'end', kind: 'f-red' }),
    odds.line(path, 'line s-violet'),
    ...(aborted < 0 || end === undefined ? [] : [drawAbort(odds, end)]),
  ].join('\n')
}

function drawAbort(panel: Panel, [minute, evidence]: Point): string {
  const [x, y] = panel.place(minute, evidence)
  const minutes = Math.floor(minute)
  const seconds = Math.round((minute - minutes) * 60)
  return (
    drawDot([x, y], 'f-red', 5) +
    drawText(`abort after ${minutes} min ${seconds} s`, { at: [x + 10, y + 38], kind: 'f-red' })
  )
}

/** Errors come in clumps and pods have moods, as the noise `bursty` has them. */
export function drawEvidence(): string {
  const known = learnNoise('bursty', 'evidence')
  const column = (left: number, title: string, effect: number): string => {
    const run = playRollout('bursty', effect, SEED)
    return drawColumn(left, title, run, replayCounts(run.ticks, known, errorRule))
  }
  return renderSvg({
    width: 860,
    height: 522,
    title: `Failing requests and evidence over time in a healthy rollout and in one that fails ${EFFECT} times as often`,
    parts: [
      column(80, 'A healthy release', 1),
      column(510, `A release that fails ${EFFECT} times as often`, EFFECT),
      drawLegend(
        [230, 504],
        [
          { kind: 'line s-blue', text: 'stable', width: 100 },
          { kind: 'line s-orange', text: 'canary (both over one minute)', width: 240 },
          { kind: 'line s-violet', text: 'evidence', width: 100 },
        ],
      ),
    ],
  })
}
