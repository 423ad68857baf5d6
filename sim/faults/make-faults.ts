/** A list of faults from a seed: how many, which, when. Every kind that `fault.ts` names as drawn has a recipe here. */
import type { SeededRandom } from '../kernel/random.ts'
import type { DrawnFaultKind, Fault, RequestMatch } from './fault.ts'

export interface FaultsWish {
  readonly untilMs: number
  /** When somebody does something; that is when there is most to break. */
  readonly momentsMs: readonly number[]
  readonly processes: number
}

const WRITTEN = ['rollouts', 'replicasets', 'services', 'httproutes', 'analysisruns'] as const
const WATCHED = ['rollouts', 'replicasets', 'services', 'endpointslices', 'httproutes', 'analysisruns'] as const
/** A gateway that lies does so for less than any scale-down delay: longer lies no controller can survive. */
const LONGEST_LIE_MS = 5_000

type Recipe = (random: SeededRandom, wish: FaultsWish) => DrawnFaultKind

const match = (random: SeededRandom): RequestMatch => ({
  ...(random.chance(0.7)
    ? { verb: random.pick(['create', 'patch', 'patch', 'patch', 'delete', 'get', 'list'] as const) }
    : {}),
  ...(random.chance(0.6) ? { plural: random.pick(WRITTEN) } : {}),
})
const next = (random: SeededRandom) => ({ match: match(random), count: random.between(1, 3) })
const during = (random: SeededRandom): number => random.between(1_000, 25_000)
const anyProcess = (random: SeededRandom, { processes }: FaultsWish): number => random.between(0, processes - 1)

const recipes: Readonly<Record<DrawnFaultKind['kind'], Recipe>> = {
  answer: (random) => ({
    kind: 'answer',
    code: random.pick([403, 409, 429, 500, 503, 504]),
    applied: false,
    ...next(random),
    ...(random.chance(0.3) ? { code: random.pick([500, 504]), applied: true } : {}),
  }),
  cut: (random) => ({ kind: 'cut', applied: random.chance(0.6), ...next(random) }),
  slow: (random) => ({ kind: 'slow', ms: random.pick([500, 3_000, 9_000, 12_000, 25_000]), ...next(random) }),
  staleList: (random) => ({
    kind: 'staleList',
    plural: random.pick(WATCHED),
    versions: random.between(1, 30),
    count: random.between(1, 2),
  }),
  dropEvents: (random) => ({ kind: 'dropEvents', plural: random.pick(WATCHED), count: random.between(1, 4) }),
  duplicateEvents: (random) => ({ kind: 'duplicateEvents', plural: random.pick(WATCHED), count: random.between(1, 4) }),
  delayEvents: (random) => ({
    kind: 'delayEvents',
    plural: random.pick(WATCHED),
    ms: random.between(200, 8_000),
    forMs: during(random),
  }),
  silence: (random) => ({ kind: 'silence', plural: random.pick(WATCHED) }),
  breakWatches: (random) => ({ kind: 'breakWatches', plural: random.pick(WATCHED) }),
  compact: () => ({ kind: 'compact' }),
  crash: (random, wish) => ({
    kind: 'crash',
    process: anyProcess(random, wish),
    restartAfterMs: random.between(100, 15_000),
    ...(random.chance(0.7) ? { atWrite: random.between(1, 12), applied: random.chance(0.5) } : {}),
  }),
  stop: (random, wish) => ({
    kind: 'stop',
    process: anyProcess(random, wish),
    restartAfterMs: random.between(100, 15_000),
  }),
  pause: (random, wish) => ({ kind: 'pause', process: anyProcess(random, wish), forMs: random.between(500, 30_000) }),
  jumpWall: (random, wish) => ({
    kind: 'jumpWall',
    process: anyProcess(random, wish),
    ms: random.pick([-60_000, -5_000, -1_000, 1_000, 5_000, 60_000]),
  }),
  partition: (random, wish) => ({ kind: 'partition', process: anyProcess(random, wish), forMs: during(random) }),
  gateway: (random) => {
    const mode = random.pick(['lag', 'early', 'refuse', 'mute'] as const)
    const ms = mode === 'early' ? random.between(200, LONGEST_LIE_MS) : random.between(500, 30_000)
    return { kind: 'gateway', mode, ms, forMs: during(random) }
  },
  pods: (random) => ({
    kind: 'pods',
    mode: random.pick(['slow', 'stuck', 'quota'] as const),
    ms: random.between(1_000, 20_000),
    forMs: during(random),
  }),
  pod: (random) => ({
    kind: 'pod',
    mode: random.pick(['flap', 'evict'] as const),
    index: random.between(0, 9),
    ms: random.between(500, 15_000),
  }),
  metrics: (random) => ({
    kind: 'metrics',
    mode: random.pick(['nan', 'empty', 'timeout', 'error', 'garbage', 'bad'] as const),
    forMs: during(random),
  }),
  sink: (random) => ({ kind: 'sink', mode: random.pick(['slow', 'error', 'lost'] as const), forMs: during(random) }),
}

const MOST_FAULTS = 14
const MOST_KINDS = 6
/** How long after a moment most of what it causes happens. */
const AFTERMATH_MS = 12_000

/**
 * In the order of their times. Some runs have none; each run has a few kinds only, so that one does not hide another, and most strike in the aftermath
 * of what somebody did.
 */
export function makeFaults(random: SeededRandom, wish: FaultsWish): readonly Fault[] {
  const names = Object.keys(recipes) as DrawnFaultKind['kind'][]
  const chosen = Array.from({ length: random.between(1, MOST_KINDS) }, () => random.pick(names))
  const when = (): number =>
    random.chance(0.75)
      ? random.pick([0, ...wish.momentsMs]) + random.between(1, AFTERMATH_MS)
      : random.between(500, wish.untilMs)
  return Array.from({ length: random.between(0, MOST_FAULTS) }, (): Fault => {
    // Before the healing, which ends them.
    const atMs = Math.min(when(), wish.untilMs - 1)
    const kind = recipes[random.pick(chosen)](random, wish)
    return kind.kind === 'pause'
      ? { atMs, ...kind, forMs: Math.min(kind.forMs, wish.untilMs - atMs) }
      : { atMs, ...kind }
  }).sort((a, b) => a.atMs - b.atMs)
}
