/**
 * The cells of the comparison: what traffic, what noise, what history, what is wrong with the release. Each has a name that seeds its chance, so a cell
 * measured alone gives the numbers that it has in the whole run.
 */
import type { BucketKind, Slowness } from './latencies.ts'
import type { NoiseId } from './noise.ts'
import type { PlanId } from './plan.ts'

/** What the gate learns its noise from. `quiet`: four hours without bursts, though the rollout has them. */
export const historyIds = ['4h', '1h', '15m', 'quiet', 'none'] as const
export type HistoryId = (typeof historyIds)[number]

export type CellGroup =
  | 'healthy'
  | 'near-threshold'
  | 'history'
  | 'errors'
  | 'near-zero'
  | 'late'
  | 'fixed'
  | 'latency'
  | 'events'
  | 'few-pods'

interface Common {
  readonly id: string
  readonly group: CellGroup
  readonly noise: NoiseId
  readonly rps: number
  readonly plan: PlanId
  readonly history: HistoryId
}

export interface CountCell extends Common {
  readonly gate: 'errorRate' | 'events'
  readonly base: number
  /** Factor on the canary's rate; 1 for a healthy release. */
  readonly effect: number
}

export interface LatencyCell extends Common {
  readonly gate: 'latency'
  readonly buckets: BucketKind
  readonly effect: Slowness
}

export type Cell = CountCell | LatencyCell
export type CellGate = Cell['gate']

export const RATES = [20, 100, 1000] as const
export const BASE_ERRORS = 0.005
export const BASE_EVENTS = 0.02

/** In every one of these a healthy release is to be left alone. */
export const healthyNoises: readonly NoiseId[] = [
  'iid',
  'bursty',
  'incident',
  'skew',
  'warm-up',
  'sick',
  'resets',
  'gap',
  'hpa',
  'pareto',
]

type Changes<C extends Cell> = Partial<Omit<C, 'gate' | 'id'>>

function countCell(gate: CountCell['gate'], name: string, changes: Changes<CountCell>): CountCell {
  const cell = {
    group: 'errors',
    noise: 'iid',
    rps: 100,
    plan: 'steps',
    history: '4h',
    base: gate === 'errorRate' ? BASE_ERRORS : BASE_EVENTS,
    effect: 1,
    ...changes,
  } as const
  return { ...cell, gate, id: `${gate}/${name}/${cell.noise}/${cell.rps}` }
}

const fast = { scale: 1, tail: 1 }

function latencyCell(name: string, changes: Changes<LatencyCell>): LatencyCell {
  const cell = {
    group: 'latency',
    noise: 'iid',
    rps: 100,
    plan: 'steps',
    history: '4h',
    buckets: 'classic',
    effect: fast,
    ...changes,
  } as const
  return { ...cell, gate: 'latency', id: `latency/${cell.buckets}/${name}/${cell.noise}/${cell.rps}` }
}

const healthy = RATES.flatMap((rps) =>
  healthyNoises.flatMap((noise): Cell[] => [
    countCell('errorRate', 'healthy', { group: 'healthy', noise, rps }),
    latencyCell('healthy', { group: 'healthy', noise, rps }),
    countCell('events', 'healthy', { group: 'healthy', noise, rps }),
  ]),
)

const nearThreshold = RATES.flatMap((rps) =>
  (['iid', 'bursty', 'skew'] as const).map((noise) =>
    countCell('errorRate', 'healthy-0.9%', { group: 'near-threshold', base: 0.009, noise, rps }),
  ),
)

const histories = historyIds
  .filter((history) => history !== '4h')
  .flatMap((history) =>
    RATES.flatMap((rps): Cell[] => [
      countCell('errorRate', `healthy-${history}`, { group: 'history', noise: 'bursty', history, rps }),
      latencyCell(`healthy-${history}`, { group: 'history', noise: 'bursty', history, rps }),
      countCell('events', `healthy-${history}`, { group: 'history', noise: 'bursty', history, rps }),
    ]),
  )

const errors = (['iid', 'bursty'] as const).flatMap((noise) =>
  RATES.flatMap((rps) => [2, 4, 10].map((effect) => countCell('errorRate', `x${effect}`, { effect, noise, rps }))),
)

const otherErrors = (['skew', 'sick', 'hpa', 'pareto', 'warm-up', 'resets', 'gap'] as const).flatMap((noise) =>
  [4, 10].map((effect) => countCell('errorRate', `x${effect}`, { effect, noise })),
)

const nearZero = [1e-6, 1e-5, 1e-4].flatMap((base) => [
  countCell('errorRate', `healthy-${base}`, { group: 'near-zero', base }),
  ...[0.003, 0.01, 0.05].map((bad) =>
    countCell('errorRate', `${base}-to-${bad * 100}%`, { group: 'near-zero', base, effect: bad / base }),
  ),
])

const late = [100, 1000].flatMap((rps) =>
  [4, 10].map((effect) => countCell('errorRate', `late-x${effect}`, { group: 'late', plan: 'late', effect, rps })),
)

const fixed = (['fixed5', 'fixed10', 'fixed50'] as const).flatMap((plan) =>
  [20, 100, 1000].flatMap((rps) =>
    [2, 4].map((effect) => countCell('errorRate', `${plan}-x${effect}`, { group: 'fixed', plan, effect, rps })),
  ),
)

const slownesses: readonly (readonly [string, Slowness])[] = [
  ['+10%', { scale: 1.1, tail: 1 }],
  ['+15%', { scale: 1.15, tail: 1 }],
  ['+30%', { scale: 1.3, tail: 1 }],
  ['x2', { scale: 2, tail: 1 }],
  ['tail-x2', { scale: 1, tail: 2 }],
]

const latency = (['classic', 'native'] as const).flatMap((buckets) =>
  (['iid', 'bursty'] as const).flatMap((noise) =>
    RATES.filter((rps) => buckets === 'classic' || rps === 100).flatMap((rps) => [
      ...slownesses.map(([name, effect]) => latencyCell(name, { buckets, noise, rps, effect })),
      ...(buckets === 'native' ? [latencyCell('healthy', { buckets, noise, rps })] : []),
    ]),
  ),
)

const lostEvents: readonly (readonly [string, number])[] = [
  ['-30%', 0.7],
  ['-50%', 0.5],
  ['-100%', 0],
]

const events = [
  ...RATES.map((rps) => countCell('events', 'healthy', { group: 'events', noise: 'mild', rps })),
  ...(['iid', 'mild', 'bursty'] as const).flatMap((noise) =>
    RATES.flatMap((rps) =>
      lostEvents.map(([name, effect]) => countCell('events', name, { group: 'events', noise, rps, effect })),
    ),
  ),
]

/** Small services, most of which have little traffic: the canary's share is less than what one of their pods gets. */
const small = (['2-pods', '3-pods', '4-pods', '6-pods'] as const).flatMap((noise): Cell[] => {
  const common = { group: 'few-pods', noise } as const
  return [
    ...[5, 20, 100].flatMap((rps): Cell[] => [
      countCell('errorRate', 'healthy', { ...common, rps }),
      latencyCell('healthy', { ...common, rps }),
      countCell('events', 'healthy', { ...common, rps }),
    ]),
    countCell('errorRate', 'x10', { ...common, effect: 10 }),
    latencyCell('x2', { ...common, effect: { scale: 2, tail: 1 } }),
    countCell('events', '-100%', { ...common, effect: 0 }),
  ]
})

export const cells: readonly Cell[] = [
  ...healthy,
  ...nearThreshold,
  ...histories,
  ...errors,
  ...otherErrors,
  ...nearZero,
  ...late,
  ...fixed,
  ...latency,
  ...events,
  ...small,
]

/** Whether nothing is wrong with the cell's release. */
export const isHealthy = (cell: Cell): boolean =>
  cell.gate === 'latency' ? cell.effect.scale === 1 && cell.effect.tail === 1 : cell.effect === 1
