/** The command line of `npm run bench`: which suite, with which sizes. Pure; a wrong word is one sentence. */
import { parseArgs } from 'node:util'
import type { RouterId } from '../../controller/api/router-capabilities.ts'
import { routersOfSuite } from './router-rows.ts'
import { type NoiseSet, noiseSets } from './verdicts/noise.ts'

export const suiteNames = [
  'reaction',
  'writes',
  'idle',
  'proxies',
  'routers',
  'verdicts',
  'gates',
  'backtest',
  'figures',
] as const
export type SuiteName = (typeof suiteNames)[number]

export interface BenchOptions {
  readonly suite: SuiteName
  readonly json: boolean
  readonly rollouts: number
  readonly rounds: number
  readonly minutes: number
  /** Of history, for the suite `backtest`. */
  readonly hours: number
  readonly loadPerRollout: number
  readonly requests: number
  /** Those that the suite `routers` measures. */
  readonly routers: readonly RouterId[]
  /** Of the controller that the suite `routers` measures. */
  readonly controllerFlags: readonly string[]
  /** Bundle of another build, measured first in the same run. */
  readonly baseline: string | undefined
  /** Of the suite `verdicts`. */
  readonly seed: number
  readonly noise: NoiseSet
  readonly only: string | undefined
  readonly record: boolean
}

/** Exit code 2: the command line is wrong. */
export class UsageError extends Error {}

export const USAGE = `Benchmarks against the embedded cluster, with the controller as a process of its own.

Usage: npm run bench -- <suite> [flags]

Suites:
  reaction   alert posted → route write that gives stable all → last canary answer; spec change → first write
  writes     writes to the API server per rollout: a promoted release of five steps, and an aborted one
  idle       writes, memory and CPU time of a controller that has nothing to do
  proxies    share of the requests that real proxies, HAProxy and nginx, send to the canary; no controller
  routers    all Rollouts change their weight at once: time to each router's object, and calls to the API server
  verdicts   the gates beside thresholds, ratios and Mann-Whitney: false aborts and delays in simulated rollouts; no controller
  gates      runs of three statistical gates that look every 15 s: CPU of a look, queries, CPU and memory of the controller
  backtest   a backtest of three gates over a day of twenty pods, with a real Prometheus
  figures    draws the pictures of docs/statistics.md and the tables of docs/guides/gates.md; measures nothing

Flags:
  --rollouts N       how many Rollouts (default 20, routers and gates 500, verdicts 100 a cell): 1 to 20, idle, routers and gates up to 2000,
                     verdicts up to 5000
  --rounds N         reaction: aborted releases per pattern; routers: changes of the weight; 1 to 20 (default 2)
  --load N           reaction: requests per second for each rollout, 4 to 100 (default 12)
  --minutes N        idle and gates: how long, above 0 to 120 (default 10)
  --hours N          backtest: of history, 1 to 168 (default 24)
  --requests N       proxies: for each weight, 100 to 100000 (default 10000)
  --router ID        routers: this one; repeatable (default all: ${routersOfSuite.join(', ')})
  --flag FLAG        routers: a flag for the controller that is measured, such as --flag=--qps=40; repeatable
  --baseline FILE    measure this controller.js first, in the same run, and print ratios
  --seed N           verdicts: 0 to 4294967295 (default 1)
  --noise SET        verdicts: own (default), or alt: other noise than the judge was made with
  --only TEXT        verdicts: cells with this in their name, such as errorRate/x4
  --record           verdicts: keep the figures in docs/verdicts and draw the tables of docs/verdicts.md
  --json             one JSON document with every raw sample as the last line
  --help
`

/** Throws {@link UsageError}; undefined when help is asked for. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parse(args)
  if (values.help) return undefined
  const [suite, ...rest] = positionals
  const known = suiteNames.find((name) => name === suite)
  if (!known)
    throw new UsageError(
      `${suite === undefined ? 'no suite given' : `unknown suite "${suite}"`}: expected ${suiteNames.join(', ')}`,
    )
  if (rest.length > 0) throw new UsageError(`one suite at a time: "${rest.join(' ')}" is too much`)
  return {
    suite: known,
    json: values.json,
    rollouts: readRollouts(known, values.rollouts),
    rounds: readNumber('--rounds', values.rounds, { least: 1, most: 20, whole: true }),
    loadPerRollout: readNumber('--load', values.load, { least: 4, most: 100, whole: true }),
    requests: readNumber('--requests', values.requests, { least: 100, most: 100_000, whole: true }),
    minutes: readNumber('--minutes', values.minutes, { least: 0.05, most: 120, whole: false }),
    hours: readNumber('--hours', values.hours, { least: 1, most: 168, whole: true }),
    routers: values.router.map(readRouter),
    controllerFlags: values.flag,
    baseline: values.baseline,
    seed: readNumber('--seed', values.seed, { least: 0, most: 4_294_967_295, whole: true }),
    noise: readNoise(values.noise),
    only: values.only,
    record: readRecord(values.record, values.only),
  }
}

/** By suite: how many unless told, and at most. */
const rolloutBounds: Readonly<Partial<Record<SuiteName, { readonly initial: number; readonly most: number }>>> = {
  idle: { initial: 20, most: 2000 },
  routers: { initial: 500, most: 2000 },
  verdicts: { initial: 100, most: 5000 },
  gates: { initial: 500, most: 2000 },
}

function readRollouts(suite: SuiteName, text: string | undefined): number {
  const { initial, most } = rolloutBounds[suite] ?? { initial: 20, most: 20 }
  return readNumber('--rollouts', text ?? String(initial), { least: 1, most, whole: true })
}

/** A page with some of its cells measured anew would not be one run. */
function readRecord(isRecorded: boolean, only: string | undefined): boolean {
  if (isRecorded && only !== undefined) throw new UsageError('--record: a page is drawn from all cells, without --only')
  return isRecorded
}

function readNoise(text: string): NoiseSet {
  const set = noiseSets.find((one) => one === text)
  if (set === undefined) throw new UsageError(`--noise: expected one of ${noiseSets.join(', ')}, got "${text}"`)
  return set
}

function readRouter(text: string): RouterId {
  const id = routersOfSuite.find((one) => one === text)
  if (id === undefined)
    throw new UsageError(`--router: "${text}" is not measured; expected one of ${routersOfSuite.join(', ')}`)
  return id
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rollouts: { type: 'string' },
        rounds: { type: 'string', default: '2' },
        load: { type: 'string', default: '12' },
        requests: { type: 'string', default: '10000' },
        minutes: { type: 'string', default: '10' },
        hours: { type: 'string', default: '24' },
        router: { type: 'string', multiple: true, default: [] },
        flag: { type: 'string', multiple: true, default: [] },
        baseline: { type: 'string' },
        seed: { type: 'string', default: '1' },
        noise: { type: 'string', default: 'own' },
        only: { type: 'string' },
        record: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

interface Bounds {
  readonly least: number
  readonly most: number
  readonly whole: boolean
}

function readNumber(flag: string, text: string, { least, most, whole }: Bounds): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value
  throw new UsageError(
    `${flag}: expected ${whole ? 'a whole number' : 'a number'} from ${least} to ${most}, got "${text}"`,
  )
}
