/**
 * `npm run sim`: the shipped controller in simulated clusters, one for each seed, with faults. Exit code 0: no invariant was broken and every log
 * replayed; 1: some was; 2: the command line is wrong.
 */
import { OptionError, type Options, parseOptions, USAGE } from './cli/options.ts'
import { runSeeds, type SeedReport } from './cli/seeds.ts'
import { explore } from './explore/explore.ts'
import { reportMutants } from './mutants/report.ts'
import { makePlan } from './run/plan.ts'
import { run } from './run/run.ts'
import { shrink } from './run/shrink.ts'
import { renderPlan, renderStory } from './run/story.ts'

/** Failing seeds that are shrunk and told in full; of the others the sentence is enough. */
const MOST_STORIES = 3

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Tells everything about one seed. */
async function replay(seed: number, json: boolean): Promise<boolean> {
  const plan = makePlan(seed)
  for (const line of renderPlan(plan)) print(line)
  const result = await run(plan)
  for (const line of renderStory(result, true)) print(line)
  for (const { id, atMs, sentence } of result.violations) print(`${id} at ${atMs} ms: ${sentence}`)
  const { hash, steps, violations } = result
  print(json ? JSON.stringify({ seed, hash, steps, violations }) : `seed ${seed}: ${steps} steps, log ${hash}`)
  return violations.length === 0
}

async function tellFailure({ seed, violations }: SeedReport): Promise<void> {
  const [first] = violations
  if (!first) return
  const { plan, result } = await shrink(makePlan(seed), first.id)
  print(`seed ${seed}, the least that breaks ${first.id} (npm run sim -- --seed ${seed} tells everything):`)
  for (const line of renderPlan(plan)) print(`  ${line}`)
  for (const line of renderStory(result, false)) print(`  ${line}`)
  for (const { id, atMs, sentence } of result.violations) print(`  ${id} at ${atMs} ms: ${sentence}`)
}

async function runMany({ from, seeds, twice, json }: Options): Promise<boolean> {
  const startedMs = performance.now()
  const failed: SeedReport[] = []
  const hashes = new Set<string>()
  let steps = 0
  let replayMismatches = 0
  await runSeeds(from, seeds, twice, (report) => {
    steps += report.steps
    hashes.add(report.hash)
    if (!report.isReplayed) {
      replayMismatches += 1
      print(`seed ${report.seed}: a second run gave another log`)
    }
    if (report.violations.length === 0) return
    failed.push(report)
    print(`seed ${report.seed}: ${report.violations.map(({ id, sentence }) => `${id}: ${sentence}`).join('; ')}`)
  })
  failed.sort((a, b) => a.seed - b.seed)
  for (const report of failed.slice(0, MOST_STORIES)) await tellFailure(report)
  const violations = failed.reduce((sum, report) => sum + report.violations.length, 0)
  const wallMs = Math.round(performance.now() - startedMs)
  const summary = { seeds, steps, violations, distinctLogs: hashes.size, replayMismatches, wallMs }
  print(
    json
      ? JSON.stringify(summary)
      : `${seeds} seeds, ${steps} steps, ${violations} violations, ${replayMismatches} logs that did not replay, ${hashes.size} different logs`,
  )
  return violations === 0 && replayMismatches === 0
}

async function exploreAll({ only, json }: Options): Promise<boolean> {
  const report = await explore({ only, print })
  const { tales, runs, violations } = report
  if (tales === 0) throw new OptionError(`--only: no tale's name contains "${only}"`)
  print(json ? JSON.stringify(report) : `${tales} tales, ${runs} runs, ${violations} of them ended otherwise`)
  return violations === 0
}

async function breakAll({ only, json, hunt }: Options): Promise<boolean> {
  const report = await reportMutants({ only, isHunt: hunt, print })
  if (report.mutants === 0) throw new OptionError(`--only: no mutant's id contains "${only}"`)
  if (json) print(JSON.stringify(report))
  return report.survived.length === 0
}

function carryOut(options: Options): Promise<boolean> {
  if (options.explore) return exploreAll(options)
  if (options.mutants) return breakAll(options)
  return options.seed === undefined ? runMany(options) : replay(options.seed, options.json)
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') print(USAGE)
  else {
    const isWell = await carryOut(options)
    process.exitCode = isWell ? 0 : 1
  }
} catch (error) {
  process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof OptionError ? 2 : 1
}
