/** The command line of `npm run soak`. Pure; a wrong word is one sentence. */
import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly minutes: number
  /** Requests a second through the gateway, over all hosts. */
  readonly rps: number
  /** How often the controller is killed. */
  readonly kills: number
  readonly seed: number
  readonly json: boolean
}

/** Exit code 2: the command line is wrong. */
export class UsageError extends Error {}

export const USAGE = `Releases one after the other on the embedded cluster, under load, while the controller is killed again and again.

Usage: npm run soak -- [flags]

Flags:
  --minutes N   how long releases are begun, 1 to 1440 (default 3)
  --rps N       requests per second through the gateway, 2 to 5000 (default 500)
  --kills N     SIGKILLs of the controller, 0 to 1.5 a minute (default 2 for every 3 minutes)
  --seed N      chooses the order of releases and the moments of kills, 0 to 4294967295 (default 1)
  --json        one JSON document with every sample as the last line
  --help

Exit codes: 0 nothing was lost, nothing is stuck, memory does not grow; 1 otherwise; 2 wrong command line.
`

/** A killed leader's Lease runs for 15 s: with more kills than these nobody would lead for most of the time. */
const KILLS_PER_MINUTE = 1.5

/** Throws {@link UsageError}; undefined when help is asked for. */
export function parseOptions(args: readonly string[]): SoakOptions | undefined {
  const values = parse(args)
  if (values.help) return undefined
  const minutes = readNumber('--minutes', values.minutes, { least: 1, most: 1440, whole: false })
  const mostKills = Math.floor(minutes * KILLS_PER_MINUTE)
  return {
    minutes,
    rps: readNumber('--rps', values.rps, { least: 2, most: 5000, whole: true }),
    kills: readNumber('--kills', values.kills ?? String(Math.floor((minutes * 2) / 3)), {
      least: 0,
      most: mostKills,
      whole: true,
    }),
    seed: readNumber('--seed', values.seed, { least: 0, most: 4_294_967_295, whole: true }),
    json: values.json,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string', default: '3' },
        rps: { type: 'string', default: '500' },
        kills: { type: 'string' },
        seed: { type: 'string', default: '1' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    const [sentence = ''] = (error instanceof Error ? error.message : String(error)).split(/\.\s/)
    throw new UsageError(sentence)
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
