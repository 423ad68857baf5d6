/** A timeline as a table for people. Pure. */
import { renderColumns } from '../terminal.ts'
import type { PlannedRollout } from './plan-rollouts.ts'
import { type PodCount, renderTime } from './playback.ts'
import type { Timeline, TimelineRow } from './timeline.ts'

export function renderPlan({ name, strategy, replicas, timeline }: PlannedRollout, podReadyMs: number): string {
  const pods = `${replicas} pod${replicas === 1 ? '' : 's, each'} ready ${renderTime(podReadyMs)} after it is made`
  const isRange = timeline.rows.some(({ earliestMs, latestMs }) => latestMs !== earliestMs)
  const heading = [
    '  AT',
    ...(isRange ? ['AT THE LATEST'] : []),
    'STEP',
    'NEW GETS',
    'OLD PODS',
    'NEW PODS',
    'WAITS FOR',
  ]
  const rows = timeline.rows.map((row) => renderRow(row, timeline, isRange))
  const notes = timeline.notes.map((note) => `  ${note}`)
  return [
    `Rollout ${name}: ${strategy}, ${pods}`,
    renderColumns([heading, ...rows]),
    ...notes,
    `  ${renderEnd(timeline)}`,
    '',
  ].join('\n')
}

function renderRow(row: TimelineRow, { rows }: Timeline, isRange: boolean): readonly string[] {
  const count = Math.max(0, ...rows.map(({ step }) => step ?? 0))
  const latest = row.latestMs === undefined ? '-' : renderTime(row.latestMs)
  const others = Object.values(row.otherWeights).reduce((sum, weight) => sum + weight, 0)
  return [
    `  ${renderTime(row.earliestMs)}`,
    ...(isRange ? [latest] : []),
    row.step === undefined ? row.text : `${row.step}/${count} ${row.text}`,
    `${row.newWeightPercent} %${others > 0 ? `, experiments ${others} %` : ''}`,
    renderCount(row.oldPods),
    renderCount(row.newPods),
    row.waitsFor.map(({ text }) => text).join('; '),
  ]
}

const renderCount = ({ wanted, available }: PodCount): string =>
  wanted === available ? String(wanted) : `${available} of ${wanted}`

/** In one sentence. */
export function renderEnd({ end, unknown, standsStill }: Timeline): string {
  if (!end) return `it does not end: ${standsStill ?? 'nothing happens any more'}`
  const { earliestMs, latestMs } = end
  const times =
    latestMs === undefined
      ? `${renderTime(earliestMs)} at the earliest`
      : latestMs === earliestMs
        ? renderTime(earliestMs)
        : `${renderTime(earliestMs)} at the earliest, ${renderTime(latestMs)} at the latest`
  return `it ends after ${times}${unknown.length > 0 ? `, and what nobody knows: ${unknown.join('; ')}` : ''}`
}
