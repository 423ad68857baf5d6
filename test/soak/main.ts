/** `npm run soak`: prints what one soak was worth and, with `--json`, everything as one JSON document in the last line. */
import { createStopList } from '../../sandbox/stop-list.ts'
import { observeMachine } from '../bench/machine.ts'
import { parseOptions, type SoakOptions, USAGE, UsageError } from './options.ts'
import { runSoak } from './soak.ts'
import { judgeSoak } from './verdict.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function run(options: SoakOptions): Promise<boolean> {
  const stops = createStopList()
  const interrupt = (): void => {
    void stops.run().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const before = observeMachine()
    const result = await runSoak(options, { stops, say })
    const { text, figures, misses } = judgeSoak(result)
    const machine = { ...before, load1AtEnd: observeMachine().load1 }
    process.stdout.write(
      `${text}${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, load ${machine.load1} to ${machine.load1AtEnd}\n`,
    )
    for (const miss of misses) process.stdout.write(`missed: ${miss}\n`)
    if (options.json) process.stdout.write(`${JSON.stringify({ options, machine, figures, misses, ...result })}\n`)
    return misses.length === 0
  } finally {
    await stops.run()
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (!options) process.stdout.write(USAGE)
  else if (!(await run(options))) process.exitCode = 1
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
