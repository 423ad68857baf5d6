/** A tally as a short table for people. Pure. */
import { renderTime } from '../plan/playback.ts'
import { renderColumns } from '../terminal.ts'
import { type Ending, endings } from './simulator.ts'
import type { Spread, Tally } from './tally.ts'

export interface Report {
  /** Namespace and name of the Rollout. */
  readonly name: string
  readonly strategy: string
  readonly tally: Tally
  readonly assumptions: readonly string[]
}

/** Shown though no seed ended so. */
const ALWAYS: ReadonlySet<Ending> = new Set(['promoted', 'rolled back', 'paused'])
const MOST_SEEDS_NAMED = 5

export function renderReport({ name, strategy, tally, assumptions }: Report): string {
  return [
    `Rollout ${name}: ${strategy}, ${count(tally.seeds, 'seed')}`,
    renderEnds(tally),
    '',
    ...renderBroken(tally),
    ...renderExposed(tally),
    ...renderStopped(tally),
    ...renderEndTimes(tally),
    ...(assumptions.length > 0 ? ['  taken for granted:', ...assumptions.map((one) => `    ${one}`)] : []),
    '',
  ].join('\n')
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

function renderEnds({ ends }: Tally): string {
  const shown = endings.filter((ending) => ALWAYS.has(ending) || ends.some(({ by }) => by[ending] > 0))
  const heading = ['  NEW VERSION', 'SEEDS', ...shown.map((ending) => ending.toUpperCase())]
  const rows = ends.map(({ fate, seeds, by }) => [
    `  ${fate}`,
    String(seeds),
    ...shown.map((ending) => String(by[ending])),
  ])
  return renderColumns([heading, ...rows])
}

function renderBroken({ broken }: Tally): readonly string[] {
  if (broken.length === 0) return ['  no invariant broke']
  const lines = broken.flatMap(({ id, words, sentence, seed, atMs }) => [
    `    ${id} in seed ${seed}, ${renderMoment(atMs)}: ${sentence}`,
    `      ${words}`,
  ])
  return [`  ${count(broken.length, 'broken invariant')}; --seed tells how it came about:`, ...lines]
}

/** Before the update begins, times are negative. */
export const renderMoment = (atMs: number): string =>
  atMs < 0 ? `${renderTime(-atMs)} before the update` : `after ${renderTime(atMs)}`

const renderSpread = ({ median, p95, most, seedOfMost }: Spread): string =>
  `${renderTime(median)} (median), ${renderTime(p95)} (p95), ${renderTime(most)} (most, seed ${seedOfMost})`

function renderExposed({ exposed, unfelt, caught, ends }: Tally): readonly string[] {
  if (ends.every(({ fate }) => fate === 'good')) return ['  no seed had a bad version']
  const { ms, wholeMs, open } = exposed
  const closed = ms && wholeMs ? [renderClosed(ms, wholeMs)] : []
  const kept =
    open.length > 0
      ? [`  in ${count(open.length, 'seed')} it kept getting requests to the end: ${nameSeeds(open)}`]
      : []
  const unseen = unfelt > 0 ? [`  in ${count(unfelt, 'seed')} users never felt it`] : []
  const rows = caught.map((one) => [
    `    ${one.by}`,
    String(one.seeds),
    one.ms ? renderTime(one.ms.median) : '-',
    one.ms ? renderTime(one.ms.p95) : '-',
    one.ms ? `${renderTime(one.ms.most)} (seed ${one.ms.seedOfMost})` : '-',
    one.open > 0 ? String(one.open) : '',
  ])
  const heading = ['    CAUGHT BY', 'SEEDS', 'MEDIAN', 'P95', 'MOST', open.length > 0 ? 'KEPT' : '']
  return [
    '  how long a version that was not good had requests, from when users felt it:',
    ...closed,
    ...kept,
    ...unseen,
    renderColumns([heading, ...rows]),
  ]
}

function renderClosed(ms: Spread, wholeMs: Spread): string {
  const whole = `${renderTime(wholeMs.median)} and ${renderTime(wholeMs.most)} of all requests`
  return `    ${renderSpread(ms)}: as much as ${whole}`
}

const nameSeeds = (seeds: readonly number[]): string =>
  seeds.length <= MOST_SEEDS_NAMED
    ? seeds.join(', ')
    : `${seeds.slice(0, MOST_SEEDS_NAMED).join(', ')} and ${seeds.length - MOST_SEEDS_NAMED} more`

function renderStopped({ stopped }: Tally): readonly string[] {
  if (stopped.length === 0) return []
  const told = stopped.slice(0, MOST_SEEDS_NAMED).map(({ seed, by, ending }) => `seed ${seed} ${ending} (${by})`)
  const rest = stopped.length > told.length ? [`${stopped.length - told.length} more`] : []
  return [`  good versions that did not get through: ${[...told, ...rest].join(', ')}`]
}

function renderEndTimes({ endMs }: Tally): readonly string[] {
  if (!endMs) return []
  const { least, median, most, seedOfMost } = endMs
  const times = `${renderTime(least)} at the earliest, ${renderTime(median)} (median), ${renderTime(most)} at the latest`
  return [`  the update ended after ${times} (seed ${seedOfMost})`]
}
