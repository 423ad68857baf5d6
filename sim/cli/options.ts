/** The command line of `npm run sim`. What does not parse is one sentence. */
import { parseArgs } from 'node:util'

export interface Options {
  /** Seeds to run: `from`, `from + 1`, … */
  readonly from: number
  readonly seeds: number
  /** Tell the whole log of this one seed. */
  readonly seed: number | undefined
  readonly twice: boolean
  readonly json: boolean
  /** Disturb every tale at every place instead of running seeds. */
  readonly explore: boolean
  /** Break the product once for every mutant, and tell who noticed. */
  readonly mutants: boolean
  /** Look for a tale or a seed that notices, whatever the list says. */
  readonly hunt: boolean
  /** Only tales whose name, or mutants whose id, contains it. */
  readonly only: string | undefined
}

export class OptionError extends Error {}

export const USAGE = `Usage: npm run sim -- [--seeds N] [--from S] [--twice] [--json]
       npm run sim -- --seed S [--json]
       npm run sim -- --explore [--only TEXT] [--json]
       npm run sim -- --mutants [--hunt] [--only TEXT] [--json]

  --seeds N   how many seeds to run (default 100)
  --from S    the first of them (default 1)
  --twice     run each seed twice and compare the logs
  --seed S    run one seed and tell everything
  --explore   tell a fixed set of releases, each disturbed at every place in turn
  --mutants   take one guard after the other out of the product, and tell what fails then
  --hunt      look for a release or a seed that notices, whatever is listed
  --only TEXT only releases, or guards, whose name contains TEXT
  --json      end with one line of JSON`

const MOST_SEEDS = 10_000_000
const LARGEST_SEED = 2 ** 32 - 1

function readNumber(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > most)
    throw new OptionError(`--${name}: needs a whole number up to ${most}, not "${text}"`)
  return value
}

/** Throws {@link OptionError}; 'help' when help was asked for. */
export function parseOptions(argv: readonly string[]): Options | 'help' {
  const values = parse(argv)
  if (values.help) return 'help'
  const seed = readNumber('seed', values.seed, LARGEST_SEED)
  const seeds = readNumber('seeds', values.seeds, MOST_SEEDS)
  if (seed !== undefined && (seeds !== undefined || values.from !== undefined))
    throw new OptionError('--seed runs one seed: it goes without --seeds and --from')
  const isAboutSeeds = seed !== undefined || seeds !== undefined || values.from !== undefined || values.twice === true
  const others = (['explore', 'mutants'] as const).filter((name) => values[name])
  if (others.length > 1) throw new OptionError('--explore and --mutants are two runs: give one of them')
  if (others.length > 0 && isAboutSeeds)
    throw new OptionError(`--${others[0]} takes no seeds: it goes with --only and --json`)
  if (values.only !== undefined && others.length === 0)
    throw new OptionError('--only chooses among what --explore or --mutants runs')
  if (values.hunt && !values.mutants)
    throw new OptionError('--hunt looks for who notices a mutant: it goes with --mutants')
  if (seeds === 0) throw new OptionError('--seeds: needs at least 1')
  return {
    seed,
    seeds: seeds ?? 100,
    from: readNumber('from', values.from, LARGEST_SEED) ?? 1,
    twice: values.twice === true,
    json: values.json === true,
    explore: values.explore === true,
    mutants: values.mutants === true,
    hunt: values.hunt === true,
    only: values.only,
  }
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = {
    seeds: text,
    from: text,
    seed: text,
    twice: flag,
    json: flag,
    explore: flag,
    mutants: flag,
    hunt: flag,
    only: text,
    help: flag,
  }
  try {
    return parseArgs({ args: [...argv], options, strict: true }).values
  } catch (error) {
    const [sentence = 'an option does not parse'] = (error as Error).message.split('\n')
    throw new OptionError(`${sentence.replace(/\. To specify.*/, '')}; see --help`)
  }
}
