/** What the suite prints: a table for each kind of cell, three gates together, and the goals. Pure; a missed goal is told and is no failure. */
import type { Report } from '../report.ts'
import { renderTable } from '../table.ts'
import type { CellGate, CellGroup } from './cells.ts'
import { judgesOf, PENSTOCK } from './judges.ts'
import { renderPercent, type Table, tabulate } from './render.ts'
import { teams, type VerdictsResult } from './results.ts'
import { judgeTargets } from './targets.ts'

export interface Section {
  readonly gate: CellGate
  readonly group: CellGroup
  readonly title: string
}

/** In the order of the page. */
export const sections: readonly Section[] = [
  { gate: 'errorRate', group: 'healthy', title: 'Errors: healthy releases aborted' },
  {
    gate: 'errorRate',
    group: 'near-threshold',
    title: 'Errors: healthy releases aborted where 0.9 % of requests fail',
  },
  { gate: 'errorRate', group: 'history', title: 'Errors: healthy releases aborted after a short, wrong or no history' },
  { gate: 'errorRate', group: 'errors', title: 'Errors: bad releases' },
  { gate: 'errorRate', group: 'late', title: 'Errors: bad from minute 12 on' },
  { gate: 'errorRate', group: 'near-zero', title: 'Errors: hardly any before' },
  { gate: 'errorRate', group: 'fixed', title: 'Errors: half an hour at one weight' },
  { gate: 'latency', group: 'healthy', title: 'Latency: healthy releases aborted' },
  { gate: 'latency', group: 'history', title: 'Latency: healthy releases aborted after a short, wrong or no history' },
  { gate: 'latency', group: 'latency', title: 'Latency: slower releases' },
  { gate: 'events', group: 'healthy', title: 'Business events: healthy releases aborted' },
  {
    gate: 'events',
    group: 'history',
    title: 'Business events: healthy releases aborted after a short, wrong or no history',
  },
  { gate: 'events', group: 'events', title: 'Business events: fewer of them' },
  { gate: 'errorRate', group: 'few-pods', title: 'Errors: services of few pods' },
  { gate: 'latency', group: 'few-pods', title: 'Latency: services of few pods' },
  { gate: 'events', group: 'few-pods', title: 'Business events: services of few pods' },
]

export function tabulateSection(result: VerdictsResult, { gate, group }: Section): Table {
  const figures = result.cells.filter(({ cell }) => cell.gate === gate && cell.group === group)
  return tabulate(figures, judgesOf[gate])
}

/** Three gates over one rollout. */
export function tabulateTogether({ healthy }: VerdictsResult): Table {
  const names = Object.keys(teams)
  return {
    head: ['noise, history, requests/s', ...names.map((name) => (name === PENSTOCK ? 'ours' : name))],
    rows: healthy.map(({ noise, history, rps, aborted }) => [
      `${noise}, ${history}, ${rps}`,
      ...names.map((name) => renderPercent(aborted[name] ?? 0)),
    ]),
  }
}

export function tabulateTargets(result: VerdictsResult): Table {
  return {
    head: ['goal', 'what', 'limit', 'measured', '', 'best peer'],
    rows: judgeTargets(result).map(({ id, what, goal, measured, met, bestPeer }) => [
      id,
      what,
      goal,
      measured,
      met ? 'met' : 'missed',
      bestPeer,
    ]),
  }
}

const print = (title: string, { head, rows }: Table): string =>
  rows.length === 0 ? '' : `${title}\n${renderTable(head, rows)}\n`

export function reportVerdicts(result: VerdictsResult): Report {
  const { settings } = result
  const legend =
    'healthy: share aborted; bad: share found · median/p95 s since the first bad request · median of bad requests too many'
  const tables = sections.map((section) => print(section.title, tabulateSection(result, section)))
  const text = [
    `${legend}\n\n`,
    ...tables,
    print('Three gates together: healthy releases aborted', tabulateTogether(result)),
    print('Goals', tabulateTargets(result)),
    `seed ${settings.seed}, noise ${settings.noise}, ${settings.rollouts} rollouts a cell, more of healthy releases\n`,
  ].join('')
  return { text, figures: { seed: settings.seed, ...result, targets: judgeTargets(result) } }
}
