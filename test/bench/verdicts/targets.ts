/**
 * The goals of `analysis.md` 5.3 beside what was measured. A goal of which not every cell was measured is left out; those that are not a matter of
 * simulation (G8, G9) are tests of their own. Pure.
 */

import { wilsonInterval } from '../statistics.ts'
import { isHealthy } from './cells.ts'
import { PENSTOCK } from './judges.ts'
import type { Score } from './measure.ts'
import { renderPercent, renderSeconds } from './render.ts'
import {
  type CellFigures,
  findCell,
  type HealthyFigures,
  type Target,
  usablePeers,
  type VerdictsResult,
} from './results.ts'

type Rated = 'medianSeconds' | 'p95Seconds'

const worstOf = <T>(items: readonly T[], measureOf: (item: T) => number): T | undefined =>
  items.reduce<T | undefined>((worst, item) => (worst && measureOf(worst) >= measureOf(item) ? worst : item), undefined)

/** No healthy release is to be aborted more often than `most`, by three gates together. */
function targetTogether(id: string, what: string, most: number, healthy: readonly HealthyFigures[]): Target[] {
  const worst = worstOf(healthy, ({ aborted }) => aborted[PENSTOCK] ?? 0)
  if (!worst) return []
  const share = worst.aborted[PENSTOCK] ?? 0
  const teamsOf = Object.keys(worst.aborted).filter((team) => team !== PENSTOCK)
  const peers = teamsOf.map((team) => ({ team, most: Math.max(...healthy.map(({ aborted }) => aborted[team] ?? 0)) }))
  const best = peers.toSorted((a, b) => a.most - b.most)[0]
  return [
    {
      id,
      what,
      goal: `≤ ${renderPercent(most)}`,
      measured: `${renderPercent(share)} at most (${worst.noise}, ${worst.rps} rps, history ${worst.history}); 95 %: ${renderInterval(share, worst.rollouts)}`,
      met: share <= most,
      bestPeer: best ? `${best.team}: ${renderPercent(best.most)}` : '',
    },
  ]
}

/** What the share may be in truth. */
function renderInterval(share: number, rollouts: number): string {
  const { lower, upper } = wilsonInterval(share, rollouts)
  return `${(lower * 100).toFixed(1)} to ${(upper * 100).toFixed(1)} %`
}

function bestPeer(cells: readonly CellFigures[], figures: CellFigures, key: Rated): string {
  const best = usablePeers(cells, figures)[0]
  if (!best) return 'none that is usable'
  const falsely = best.falseAborts === undefined ? '' : `, ${renderPercent(best.falseAborts)} false`
  const isSeen = best.score[key] !== undefined
  return `${best.judge}: ${isSeen ? renderSeconds(best.score[key]) : `${renderPercent(best.score.aborted)} found`}${falsely}`
}

interface DelayGoal {
  readonly id: string
  readonly what: string
  readonly cell: string
  readonly key: Rated
  readonly most: number
}

function targetDelay(cells: readonly CellFigures[], { id, what, cell, key, most }: DelayGoal): Target[] {
  const figures = findCell(cells, cell)
  const score = figures?.scores[PENSTOCK]
  if (!figures || !score) return []
  return [
    {
      id,
      what: `${what}, ${key === 'medianSeconds' ? 'median' : 'p95'}`,
      goal: `≤ ${most} s`,
      measured: renderSeconds(score[key]),
      met: (score[key] ?? Number.POSITIVE_INFINITY) <= most,
      bestPeer: bestPeer(cells, figures, key),
    },
  ]
}

interface WorstGoal {
  readonly id: string
  readonly what: string
  readonly isMeant: (figures: CellFigures) => boolean
  readonly measureOf: (score: Score) => number
  readonly most: number
  readonly render: (value: number) => string
}

/** The worst of several cells. */
function targetWorst(
  cells: readonly CellFigures[],
  { id, what, isMeant, measureOf, most, render }: WorstGoal,
): Target[] {
  const valueIn = ({ scores }: CellFigures, judge: string): number => {
    const score = scores[judge]
    return score ? measureOf(score) : Number.POSITIVE_INFINITY
  }
  const meant = cells.filter(isMeant)
  const worst = worstOf(meant, (figures) => valueIn(figures, PENSTOCK))
  if (!worst) return []
  const value = valueIn(worst, PENSTOCK)
  const peers = Object.keys(worst.scores).filter((judge) => judge !== PENSTOCK)
  const best = peers
    .map((judge) => ({ judge, value: Math.max(...meant.map((figures) => valueIn(figures, judge))) }))
    .toSorted((a, b) => a.value - b.value)[0]
  return [
    {
      id,
      what,
      goal: `≤ ${render(most)}`,
      measured: `${render(value)} (${worst.cell.id})`,
      met: value <= most,
      bestPeer: best ? `${best.judge}: ${render(best.value)}` : '',
    },
  ]
}

const delayGoals: readonly DelayGoal[] = [
  { id: 'G3', what: '100 rps, errors ×10', cell: 'errorRate/x10/iid/100', key: 'medianSeconds', most: 60 },
  { id: 'G3', what: '100 rps, errors ×10', cell: 'errorRate/x10/iid/100', key: 'p95Seconds', most: 120 },
  { id: 'G3', what: '100 rps, errors ×4', cell: 'errorRate/x4/iid/100', key: 'medianSeconds', most: 200 },
  { id: 'G3', what: '100 rps, errors ×4', cell: 'errorRate/x4/iid/100', key: 'p95Seconds', most: 360 },
  { id: 'G4', what: '1000 rps, errors ×2', cell: 'errorRate/x2/iid/1000', key: 'medianSeconds', most: 150 },
  { id: 'G4', what: '1000 rps, errors ×4', cell: 'errorRate/x4/iid/1000', key: 'medianSeconds', most: 45 },
  { id: 'G5', what: '100 rps, P99 +30 %, iid', cell: 'latency/classic/+30%/iid/100', key: 'medianSeconds', most: 180 },
  {
    id: 'G5',
    what: '100 rps, P99 +30 %, bursty',
    cell: 'latency/classic/+30%/bursty/100',
    key: 'medianSeconds',
    most: 240,
  },
  { id: 'G5', what: '100 rps, P99 ×2, iid', cell: 'latency/classic/x2/iid/100', key: 'medianSeconds', most: 60 },
  { id: 'G5', what: '100 rps, P99 ×2, bursty', cell: 'latency/classic/x2/bursty/100', key: 'medianSeconds', most: 60 },
  {
    id: 'G7',
    what: '100 rps, errors ×4 from minute 12 on',
    cell: 'errorRate/late-x4/iid/100',
    key: 'medianSeconds',
    most: 120,
  },
]

/** From next to nothing to one percent. */
const isNearZero = ({ cell }: CellFigures): boolean =>
  cell.group === 'near-zero' && cell.gate !== 'latency' && Math.abs(cell.base * cell.effect - 0.01) < 1e-9
const excessOf = ({ excess }: Score): number => excess ?? Number.POSITIVE_INFINITY
const medianOf = ({ medianSeconds }: Score): number => medianSeconds ?? Number.POSITIVE_INFINITY
const abortedOf = ({ aborted }: Score): number => aborted
const renderCount = (value: number): string => value.toFixed(value < 10 ? 1 : 0)

const worstGoals: readonly WorstGoal[] = [
  {
    id: 'G3',
    what: '100 rps, errors ×10: extra failures, median',
    isMeant: ({ cell }) => cell.id === 'errorRate/x10/iid/100',
    measureOf: excessOf,
    most: 15,
    render: renderCount,
  },
  ...(
    [
      ['+10%', 0.05],
      ['+15%', 1 / 3],
    ] as const
  ).map(
    ([name, most]): WorstGoal => ({
      id: 'G5',
      what: `P99 ${name}, which is tolerated: aborted`,
      isMeant: ({ cell }) => cell.id.startsWith('latency/') && cell.id.includes(`/${name}/`),
      measureOf: abortedOf,
      most,
      render: renderPercent,
    }),
  ),
  {
    id: 'G6',
    what: 'all events lost, 20 and 100 rps: expected ones until the abort, median',
    isMeant: ({ cell }) => cell.gate === 'events' && cell.effect === 0 && cell.noise === 'iid' && cell.rps <= 100,
    measureOf: excessOf,
    most: 10,
    render: renderCount,
  },
  {
    id: 'G6',
    what: 'events: healthy releases aborted',
    isMeant: ({ cell }) => cell.gate === 'events' && isHealthy(cell) && cell.history === '4h',
    measureOf: abortedOf,
    most: 0.01,
    render: renderPercent,
  },
  {
    id: 'G7',
    what: 'hardly an error before, 1 % now: median',
    isMeant: isNearZero,
    measureOf: medianOf,
    most: 120,
    render: renderSeconds,
  },
  {
    id: 'G7',
    what: 'hardly an error before, 1 % now: extra failures, median',
    isMeant: isNearZero,
    measureOf: excessOf,
    most: 6,
    render: renderCount,
  },
]

export function judgeTargets({ cells, healthy }: VerdictsResult): readonly Target[] {
  const usual = healthy.filter(({ history }) => history === '4h')
  const wrong = healthy.filter(({ history }) => history !== '4h')
  return [
    ...targetTogether('G1', 'healthy releases aborted by three gates', 0.01, usual),
    ...targetTogether('G2', 'the same with a short, wrong or no history', 0.05, wrong),
    ...delayGoals.flatMap((goal) => targetDelay(cells, goal)),
    ...worstGoals.flatMap((goal) => targetWorst(cells, goal)),
  ].toSorted((a, b) => a.id.localeCompare(b.id))
}
