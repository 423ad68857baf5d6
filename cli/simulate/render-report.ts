/** A tally as a short table for people. Pure. */
import { renderTime } from '../plan/playback.ts'
import { renderColumns } from '../terminal.ts'
import { type Ending, endings } from './simulator.ts'
import type { Spread, Tally } from './tally.ts'

export interface Report {
  /** Namespace and name of the Rollout. */
  readonly name: string
  readonly strategy: string
  /** When it ends while all goes well, in a sentence. */
  readonly expected: string
  readonly tally: Tally
  readonly assumptions: readonly string[]
}

/** Shown though no seed ended so. */
const ALWAYS: ReadonlySet<Ending> = new Set(['promoted', 'rolled back', 'paused'])
const MOST_SEEDS_NAMED = 5
/** A sentence may quote a whole patch. */
const LONGEST_SENTENCE = 300

export function renderReport({ name, strategy, expected, tally, assumptions }: Report): string {
  return [
    `Rollout ${name}: ${strategy}, ${count(tally.seeds, 'seed')}`,
    `  when all goes well ${expected}`,
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
  if (broken.length === 0) return ['  no invariant broke', '']
  const lines = [...new Set(broken.map(({ id }) => id))].flatMap((id) => {
    const own = broken.filter((one) => one.id === id)
    const [first] = own
    if (!first) return []
    const seeds = nameSeeds(own.map(({ seed }) => seed))
    const example = `seed ${first.seed}, ${renderMoment(first.atMs)}: ${first.sentence.slice(0, LONGEST_SENTENCE)}`
    return [`    ${id}: ${first.words}`, `      in ${count(own.length, 'seed')} (${seeds}); ${example}`]
  })
  return ['  broken invariants; --seed tells how it came about:', ...lines, '']
}

/** Before the update begins, times are negative. */
export const renderMoment = (atMs: number): string =>
  atMs < 0 ? `${round(-atMs)} before the update` : `after ${round(atMs)}`

/** Tenths of a second count in short times only. */
export const round = (ms: number): string => renderTime(ms < 10_000 ? ms : Math.round(ms / 1000) * 1000)

const renderSpread = ({ median, p95, most, seedOfMost }: Spread): string =>
  `${round(median)} (median), ${round(p95)} (p95), ${round(most)} (most, seed ${seedOfMost})`

function renderExposed(tally: Tally): readonly string[] {
  const { exposed, caught, ends } = tally
  if (ends.every(({ fate }) => fate === 'good')) return ['  no seed had a bad version']
  const { ms, wholeMs, open } = exposed
  const taken =
    ms && wholeMs
      ? [
          `  users felt a bad version in ${count(exposed.seeds, 'seed')}; in ${ms.count} it was taken away, after ${renderSpread(ms)},`,
          `    which is as much as ${round(wholeMs.median)} (median), ${round(wholeMs.most)} (most) of all requests`,
        ]
      : [
          exposed.seeds > 0
            ? `  users felt a bad version in ${count(exposed.seeds, 'seed')}`
            : '  users never felt a bad version',
        ]
  const kept = open.length > 0 ? [`  nothing took it away in ${count(open.length, 'seed')}: ${nameSeeds(open)}`] : []
  const rows = caught.map((one) => [
    `  ${one.by}`,
    String(one.seeds),
    ...(one.ms ? [round(one.ms.median), round(one.ms.p95), round(one.ms.most)] : ['-', '-', '-']),
  ])
  const heading = ['  CAUGHT BY', 'SEEDS', 'FELT FOR, MEDIAN', 'P95', 'MOST']
  return [...taken, ...kept, renderColumns([heading, ...rows]), '']
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
  const times = `${round(least)} at the earliest, ${round(median)} (median), ${round(most)} at the latest`
  return [`  the update ended after ${times} (seed ${seedOfMost})`]
}
