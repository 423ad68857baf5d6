/**
 * Why errors that come in clumps need more than a correct test for independent ones: the same healthy rollouts read three times, with the evidence of
 * each as a line. What crosses the limit is a false abort.
 */

import { sumArms } from '../../../analysis/domain/stats/arms.ts'
import { capOf, createCountEvidence } from '../../../analysis/domain/stats/count-evidence.ts'
import { createStrand } from '../../../analysis/domain/stats/strand.ts'
import type { Calibration, Tick } from '../../../analysis/domain/stats/ticks.ts'
import { addToTotals, emptyTotals, loadOf } from '../../../analysis/domain/stats/totals.ts'
import { errorRule } from '../verdicts/judges.ts'
import { learnNoise, minutesOf, planMinutes, playRollout } from './figure-rollouts.ts'
import { createPanel, plainTicks } from './panel.ts'
import { drawText, type Point, renderSvg } from './svg.ts'

const ROLLOUTS = 40
const LIMIT = 1 / errorRule.alpha

type Reading = (ticks: readonly Tick[]) => readonly number[]

/** One φ for every tick. */
const readWith =
  (phi: number): Reading =>
  (ticks) => {
    const evidence = createCountEvidence({ direction: 'up', nullRatio: 1, cap: capOf(errorRule.alpha) })
    return ticks.map((tick) => {
      const arms = sumArms(tick)
      if (arms !== undefined) evidence.advance(arms, phi)
      return Math.exp(evidence.logEvidence())
    })
  }

/** All noise that is known at each scrape, live twins included. */
const readWithTwins =
  (known: Calibration): Reading =>
  (ticks) => {
    const strand = createStrand(known, errorRule)
    const totals = emptyTotals()
    return ticks.map((tick) => {
      strand.add(tick, true)
      const arms = sumArms(tick)
      if (arms !== undefined) addToTotals(totals, arms)
      return Math.exp(strand.readCarefully(loadOf(totals)).worse.logEvidence())
    })
  }

function drawReading(
  left: number,
  [title, subtitle]: readonly [string, string],
  lines: readonly (readonly number[])[],
): string {
  const panel = createPanel({
    title: '',
    at: [left, 68],
    size: [205, 240],
    x: { label: 'minutes', from: 0, to: planMinutes, ticks: plainTicks([0, 5, 10, 15, 20]) },
    y: {
      label: left < 100 ? 'evidence (odds)' : '',
      from: 0.01,
      to: 100_000,
      isLog: true,
      ticks: [
        [0.01, '0.01'],
        [1, '1'],
        [100, '100'],
        [10_000, '10 000'],
      ],
    },
  })
  const isAbort = (line: readonly number[]): boolean => line.some((value) => value >= LIMIT)
  const draw = (line: readonly number[]): string =>
    panel.line(
      line.map((value, index): Point => [minutesOf(index), value]),
      `thin ${isAbort(line) ? 's-red' : 's-blue'}`,
    )
  const aborted = lines.filter(isAbort).length
  const calmFirst = [...lines.filter((line) => !isAbort(line)), ...lines.filter(isAbort)]
  return [
    panel.frame,
    drawText(title, { at: [left, 34], kind: 'head' }),
    drawText(subtitle, { at: [left, 54], kind: 'faint' }),
    ...calmFirst.map(draw),
    panel.level(LIMIT, 'limit s-red'),
    drawText(`${aborted} of ${lines.length} over the limit`, {
      at: [left, 376],
      kind: aborted > 0 ? 'f-red head' : 'f-green head',
    }),
  ].join('\n')
}

/** `quiet`: a history without any clumps, as if the service had changed its ways since. */
export function drawNoise(): string {
  const rollouts = Array.from({ length: ROLLOUTS }, (_, index) => playRollout('bursty', 1, `noise ${index}`).ticks)
  const known = learnNoise('bursty', 'noise')
  const panels: readonly (readonly [readonly [string, string], Reading])[] = [
    [['Plain test', 'as if errors were independent: φ = 1'], readWith(1)],
    [['Tempered by history', `4 h of stable pods: φ = ${known.phi.toFixed(1)}`], readWith(known.phi)],
    [['Live twins', 'a history without clumps: φ = 1'], readWithTwins(learnNoise('iid', 'quiet'))],
  ]
  return renderSvg({
    width: 860,
    height: 394,
    title: `Evidence in ${ROLLOUTS} healthy rollouts with clumped errors, by what is known of the noise`,
    parts: panels.map(([words, read], index) => drawReading(80 + 270 * index, words, rollouts.map(read))),
  })
}
