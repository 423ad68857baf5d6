/**
 * `npm run bench`: one suite, printed as a table and, with `--json`, as one JSON document in the last line. A missed target is printed and is
 * no failure: the clock of a shared machine is no verdict. The exit code is 1 when a suite could not be measured or a share is not what the weight
 * says, 2 for a wrong command line.
 */
import { createStopList, type StopList } from '../../sandbox/stop-list.ts'
import { measureBacktest } from './backtest/backtest.ts'
import { reportBacktest } from './backtest/report-backtest.ts'
import { drawFigures } from './figures/figures.ts'
import { measureGates } from './gates/gates.ts'
import { reportGates } from './gates/report-gates.ts'
import { measureIdle } from './idle.ts'
import { observeMachine } from './machine.ts'
import { type BenchOptions, parseOptions, USAGE, UsageError } from './options.ts'
import { measureProxies } from './proxies.ts'
import { measureReaction } from './reaction.ts'
import { type Report, reportIdle, reportReaction, reportWrites } from './report.ts'
import { reportProxies } from './report-proxies.ts'
import { reportRouters } from './report-routers.ts'
import { measureRouters } from './routers.ts'
import { recordRun } from './verdicts/record.ts'
import { reportVerdicts } from './verdicts/report.ts'
import { measureVerdicts } from './verdicts/suite.ts'
import { measureWrites } from './writes.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Measures the baseline first when there is one: two builds on one machine within minutes of each other. */
async function compare<R>(
  options: BenchOptions,
  measure: (bundle: { readonly bundle?: string }) => Promise<R>,
  report: (result: R, baseline: R | undefined) => Report,
): Promise<Report> {
  const { baseline } = options
  if (baseline === undefined) return report(await measure({}), undefined)
  say(`baseline ${baseline}`)
  const before = await measure({ bundle: baseline })
  say('this build')
  return report(await measure({}), before)
}

function runSuite(options: BenchOptions, stops: StopList): Promise<Report> {
  const common = { ...options, say, stops }
  switch (options.suite) {
    case 'reaction':
      return compare(options, (bundle) => measureReaction({ ...common, ...bundle }), reportReaction)
    case 'writes':
      return compare(options, (bundle) => measureWrites({ ...common, ...bundle }), reportWrites)
    case 'idle':
      return compare(options, (bundle) => measureIdle({ ...common, ...bundle }), reportIdle)
    case 'proxies':
      return measureProxies(common).then(reportProxies)
    case 'routers':
      return measureRouters(common).then(reportRouters)
    case 'verdicts':
      return runVerdicts(options)
    case 'gates':
      return measureGates(common).then(reportGates)
    case 'backtest':
      return measureBacktest(common).then(reportBacktest)
    case 'figures':
      return drawFigures().then((drawn) => ({ text: `${drawn.join('\n')}\n`, figures: { drawn } }))
  }
}

async function runVerdicts({ seed, rollouts, noise, only, record }: BenchOptions): Promise<Report> {
  const result = await measureVerdicts({ settings: { seed, rollouts, noise }, only, say })
  if (record) {
    await recordRun(result)
    await drawFigures()
  }
  return reportVerdicts(result)
}

async function run(options: BenchOptions): Promise<void> {
  const stops = createStopList()
  const interrupt = (): void => {
    void stops.run().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  try {
    const before = observeMachine()
    const { text, figures, failure } = await runSuite(options, stops)
    const machine = { ...before, load1AtEnd: observeMachine().load1 }
    process.stdout.write(
      `${text}${machine.cores} cores of ${machine.cpu}, Node ${machine.node}, load ${machine.load1} to ${machine.load1AtEnd}\n`,
    )
    if (options.json)
      process.stdout.write(`${JSON.stringify({ suite: options.suite, machine, options, ...figures })}\n`)
    if (failure !== undefined) throw new Error(failure)
  } finally {
    await stops.run()
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
}

try {
  const options = parseOptions(process.argv.slice(2))
  if (options) await run(options)
  else process.stdout.write(USAGE)
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
