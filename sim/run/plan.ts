/** Everything that a run is made of, expanded from its seed: printed when it fails, shrunk, and replayed as it is. */

import type { Fault } from '../faults/fault.ts'
import { makeFaults } from '../faults/make-faults.ts'
import { createRandom, type SeededRandom } from '../kernel/random.ts'
import type { Action, AlertName } from './action.ts'
import { BAD_TAG, BROKEN_TAG, makeScenario, ROLLOUT, type Scenario } from './scenario.ts'

export interface Plan {
  readonly seed: number
  readonly scenario: Scenario
  readonly actions: readonly Action[]
  readonly faults: readonly Fault[]
  /** Replicas of the controller; with more than one they elect a leader. */
  readonly processes: number
  /** Wall clock of each process against the true one. */
  readonly skewMs: readonly number[]
  /** Virtual time at which every fault ends. */
  readonly healAtMs: number
}

/** The first deploy is mostly given time to end, so that most runs have something to lose. */
const FIRST_ACTION_MS = 12_000
const EARLIEST_ACTION_MS = 300

function makeActions(random: SeededRandom, healAtMs: number): readonly Action[] {
  let version = 1
  const pushed = [`${ROLLOUT}:1`]
  const make = (atMs: number): Action => {
    const kind = random.pick([
      'setImage',
      'setImage',
      'promote',
      'promote',
      'promoteFull',
      'abort',
      'retry',
      'pause',
      'resume',
      'restart',
      'reapply',
      'scale',
      'alert',
      'alert',
      'undo',
    ] as const)
    if (kind === 'undo') return { atMs, kind: 'setImage', image: random.pick(pushed) }
    if (kind === 'setImage') return { atMs, kind, image: nextImage() }
    if (kind === 'scale') return { atMs, kind, replicas: random.chance(0.05) ? 0 : random.between(1, 7) }
    if (kind === 'alert')
      return { atMs, kind, status: random.chance(0.8) ? 'firing' : 'resolved', times: random.between(1, 3) }
    return { atMs, kind }
  }
  const nextImage = (): string => {
    version += 1
    const fate = random.next()
    const tag = fate < 0.12 ? `-${BROKEN_TAG}` : fate < 0.32 ? `-${BAD_TAG}` : ''
    const image = `${ROLLOUT}:${version}${tag}`
    pushed.push(image)
    return image
  }
  const isEarly = random.chance(0.25)
  const firstMs = isEarly
    ? random.between(EARLIEST_ACTION_MS, FIRST_ACTION_MS)
    : random.between(FIRST_ACTION_MS, 20_000)
  const first = { atMs: firstMs, kind: 'setImage', image: nextImage() } as const
  const times = Array.from({ length: random.between(0, isEarly ? 7 : 5) }, () =>
    isEarly && random.chance(0.4)
      ? random.between(EARLIEST_ACTION_MS, FIRST_ACTION_MS)
      : random.between(firstMs, healAtMs),
  ).sort((a, b) => a - b)
  const storm = random.chance(0.2) ? makeAlertStorm(random, random.between(firstMs, healAtMs)) : []
  const others = random.fork('others')
  const atMs = others.between(firstMs, healAtMs)
  return [
    first,
    ...times.map(make),
    ...storm,
    ...(others.chance(0.12) ? makeScaleStorm(others, atMs) : []),
    ...(others.chance(0.25) ? [makeOddAlert(others, others.between(firstMs, healAtMs))] : []),
  ].sort((a, b) => a.atMs - b.atMs)
}

/** An autoscaler that cannot make up its mind. */
const makeScaleStorm = (random: SeededRandom, atMs: number): readonly Action[] =>
  Array.from({ length: random.between(3, 7) }, (_, at) => ({
    atMs: atMs + at * random.between(300, 4_000),
    kind: 'scale',
    replicas: random.between(1, 7),
  }))

const HOUR_MS = 3_600_000

/** One that must be left alone, or that comes by two ways. */
function makeOddAlert(random: SeededRandom, atMs: number): Action {
  const oddities = [
    { isForged: true },
    { forMs: random.between(60_000, HOUR_MS) },
    { twinAfterMs: random.between(0, 3_000) },
    { isTruncated: true },
    { isTruncated: true, twinAfterMs: random.between(0, 3_000) },
  ]
  return { atMs, kind: 'alert', status: 'firing', times: random.between(1, 2), ...random.pick(oddities) }
}

/** Two alerts, and one of them is resolved before it fires once more. */
function makeAlertStorm(random: SeededRandom, atMs: number): readonly Action[] {
  const post = (afterMs: number, name: AlertName, status: 'firing' | 'resolved'): Action => ({
    atMs: atMs + afterMs,
    kind: 'alert',
    status,
    times: random.between(1, 2),
    name,
  })
  const gapMs = random.between(500, 8_000)
  return [
    post(0, 'ErrorsHigh', 'firing'),
    post(random.between(0, 2 * gapMs), 'LatencyHigh', 'firing'),
    post(gapMs, 'ErrorsHigh', 'resolved'),
    post(2 * gapMs, 'ErrorsHigh', 'firing'),
  ]
}

export function makePlan(seed: number): Plan {
  const random = createRandom(seed)
  const healAtMs = random.between(40_000, 110_000)
  const processes = random.chance(0.25) ? 2 : 1
  const actions = makeActions(random.fork('actions'), healAtMs)
  return {
    seed,
    scenario: makeScenario(random.fork('scenario')),
    actions,
    faults: makeFaults(random.fork('faults'), {
      untilMs: healAtMs,
      momentsMs: actions.map(({ atMs }) => atMs),
      processes,
    }),
    processes,
    skewMs: Array.from({ length: processes }, () => (random.chance(0.3) ? random.between(-5_000, 5_000) : 0)),
    healAtMs,
  }
}
