/**
 * How the demo's service behaves, read once from its environment: how often it fails, how long it takes, whether it takes
 * orders and ships them. Pure.
 */
export interface Behaviour {
  readonly host: string
  readonly port: number
  readonly version: string
  /** Pod-template hash of this revision, told to clients in a header. */
  readonly podTemplateHash: string
  /** Share of requests answered with 500, 0..1. */
  readonly errorRate: number
  /** What answers take, see {@link latencyAt}. */
  readonly latencyMs: number
  /** Share of requests that become an order, 0..1. */
  readonly orderRate: number
  /** Whether orders pile up that nobody ships: a defect that users do not notice at first. */
  readonly hasBacklog: boolean
  /** Whether every request leaves a connection open behind. */
  readonly leaks: boolean
  /** How long it goes on taking requests after SIGTERM, for clients that have not heard yet. */
  readonly lingerMs: number
}

type Env = Readonly<Record<string, string | undefined>>

function readNumber(env: Env, name: string, fallback: number, most: number): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (Number.isFinite(value) && value >= 0 && value <= most) return value
  throw new Error(`${name}: expected a number between 0 and ${most}, got "${text}"`)
}

function readSwitch(env: Env, name: string, fallback: 'on' | 'off'): boolean {
  const text = env[name] ?? fallback
  if (text !== 'on' && text !== 'off') throw new Error(`${name}: expected "on" or "off", got "${text}"`)
  return text === 'on'
}

/** Throws one sentence that names the variable when a value makes no sense. */
export function readBehaviour(env: Env): Behaviour {
  return {
    host: env.HOST ?? '0.0.0.0',
    port: readNumber(env, 'PORT', 8080, 65_535),
    version: env.VERSION ?? 'unknown',
    podTemplateHash: env.POD_TEMPLATE_HASH ?? '',
    errorRate: readNumber(env, 'ERROR_RATE', 0, 1),
    latencyMs: readNumber(env, 'LATENCY_MS', 100, 10_000) * readNumber(env, 'LATENCY_FACTOR', 1, 100),
    orderRate: readSwitch(env, 'ORDERS', 'on') ? readNumber(env, 'ORDER_RATE', 0.3, 1) : 0,
    hasBacklog: readSwitch(env, 'BACKLOG', 'off'),
    leaks: readSwitch(env, 'LEAK', 'off'),
    lingerMs: readNumber(env, 'LINGER_MS', 1_000, 60_000),
  }
}

/**
 * Evenly spread numbers in [0, 1) (golden-ratio sequence): the shares of a demo come out as configured after a hundred requests, where
 * chance would need thousands.
 */
export function createSpread(start: number): () => number {
  let value = start % 1
  return () => {
    value = (value + 0.618_033_988_749_895) % 1
    return value
  }
}

/** The quickest answer takes so much of `latencyMs`, and shares of slower ones fall by this power: a middle of 0.86, a P99 of 1.27, seldom more than 2. */
const QUICKEST = 0.8
const TAIL_POWER = 10
const SLOWEST_SHARE = 1e-5

/** Milliseconds of the answer that is slower than the share `rank` of all, 0..1. */
export const latencyAt = (rank: number, latencyMs: number): number =>
  latencyMs * QUICKEST * Math.max(1 - rank, SLOWEST_SHARE) ** (-1 / TAIL_POWER)

/** The other way round: the share of answers that take longer. */
export const shareSlowerThan = (ms: number, latencyMs: number): number =>
  Math.min(1, ((latencyMs * QUICKEST) / ms) ** TAIL_POWER)
