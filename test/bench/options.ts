/** The command line of `npm run bench`: which suite, with which sizes. Pure; a wrong word is one sentence. */
import { parseArgs } from 'node:util'
import type { RouterId } from '../../controller/api/router-capabilities.ts'
import { routersOfSuite } from './router-rows.ts'

export const suiteNames = ['reaction', 'writes', 'idle', 'proxies', 'routers'] as const
export type SuiteName = (typeof suiteNames)[number]

export interface BenchOptions {
  readonly suite: SuiteName
  readonly json: boolean
  readonly rollouts: number
  readonly rounds: number
  readonly minutes: number
  readonly loadPerRollout: number
  readonly requests: number
  /** Those that the suite `routers` measures. */
  readonly routers: readonly RouterId[]
  /** Of the controller that the suite `routers` measures. */
  readonly controllerFlags: readonly string[]
  /** Bundle of another build, measured first in the same run. */
  readonly baseline: string | undefined
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

Flags:
  --rollouts N       how many Rollouts (default 20, routers 500): 1 to 20, idle and routers up to 2000
  --rounds N         reaction: aborted releases per pattern; routers: changes of the weight; 1 to 20 (default 2)
  --load N           reaction: requests per second for each rollout, 4 to 100 (default 12)
  --minutes N        idle: how long, above 0 to 120 (default 10)
  --requests N       proxies: for each weight, 100 to 100000 (default 10000)
  --router ID        routers: this one; repeatable (default all: ${routersOfSuite.join(', ')})
  --flag FLAG        routers: a flag for the controller that is measured, such as --flag=--qps=40; repeatable
  --baseline FILE    measure this controller.js first, in the same run, and print ratios
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
    routers: values.router.map(readRouter),
    controllerFlags: values.flag,
    baseline: values.baseline,
  }
}

function readRollouts(suite: SuiteName, text: string | undefined): number {
  const isLarge = suite === 'idle' || suite === 'routers'
  const initial = suite === 'routers' ? '500' : '20'
  return readNumber('--rollouts', text ?? initial, { least: 1, most: isLarge ? 2000 : 20, whole: true })
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
        router: { type: 'string', multiple: true, default: [] },
        flag: { type: 'string', multiple: true, default: [] },
        baseline: { type: 'string' },
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
