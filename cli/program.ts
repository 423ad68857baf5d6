/**
 * The command line: which commands there are, their flags and help. Each command's code is loaded when it runs, because start-up time is
 * felt at every call. It must not read the environment or end the process; `main.ts` does.
 */
import { Command, CommanderError } from 'commander'
import { CliError, type ExitCode } from './cli-error.ts'
import type { Action, ActOptions } from './commands/act.ts'
import type { BacktestOptions } from './commands/backtest.ts'
import type { GetOptions } from './commands/get.ts'
import type { LintOptions } from './commands/lint.ts'
import type { ListOptions } from './commands/list.ts'
import type { PlanOptions } from './commands/plan.ts'
import type { SimulateOptions } from './commands/simulate.ts'
import type { StatusOptions } from './commands/status.ts'
import type { TakeoverOptions } from './commands/takeover.ts'
import type { ReplayOptions, SaveOptions } from './commands/verdict.ts'
import type { CliDeps } from './deps.ts'
import { describeFailure } from './failure.ts'
import { type CommonOptions, sendJson, withClusterOptions, withOutputOptions } from './options.ts'
import { printable } from './terminal.ts'

/** Runs one command line (without node and script name) and gives its exit code; never throws. */
export async function runCli(args: readonly string[], deps: CliDeps): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = createProgram(deps, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const message = printable(describeFailure(error))
    deps.terminal.err(`penstock: ${message}\n`)
    if (args.includes('--json')) sendJson(deps, { error: message })
    return error instanceof CliError ? error.exitCode : 1
  }
}

function createProgram(deps: CliDeps, setExitCode: (code: ExitCode) => void): Command {
  const program = new Command('penstock')
    .description('Watch and steer progressive releases. Also a kubectl plugin: kubectl penstock <command>.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => deps.terminal.out(text), writeErr: (text) => deps.terminal.err(text) })
    .showHelpAfterError('(every command explains itself with --help)')
    .addHelpText('after', '\nExit codes: 0 done or good; 1 bad, refused or failed; 2 wrong command line.')
  addReadingCommands(program, deps, setExitCode)
  addActions(program, deps)
  addLint(program, deps, setExitCode)
  addPlan(program, deps, setExitCode)
  addSimulate(program, deps, setExitCode)
  addTakeover(program, deps, setExitCode)
  addVerdict(program, deps, setExitCode)
  addBacktest(program, deps, setExitCode)
  return program
}

function addReadingCommands(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  withClusterOptions(program.command('get').argument('<rollout>'))
    .description('show a rollout as a tree: step, weights, revisions, pods, analyses')
    .option('-w, --watch', 'redraw when it changes, until interrupted')
    .action(async (name: string, options: GetOptions) => {
      const { runGet } = await import('./commands/get.ts')
      await runGet(plainName(name), options, deps)
    })
  withClusterOptions(program.command('list'))
    .description('list rollouts')
    .option('-A, --all-namespaces', 'of every namespace')
    .action(async (options: ListOptions) => {
      const { runList } = await import('./commands/list.ts')
      await runList(options, deps)
    })
  withClusterOptions(program.command('status').argument('<rollout>'))
    .description('print the phase; with --wait until the release has ended (exit 0 healthy, 1 degraded or out of time)')
    .option('-w, --wait', 'wait until Healthy or Degraded')
    .option('-t, --timeout <time>', 'give up waiting after this long, for example 90s or 5m; absent or 0: never')
    .action(async (name: string, options: StatusOptions) => {
      const { runStatus } = await import('./commands/status.ts')
      setExitCode(await runStatus(plainName(name), options, deps))
    })
  withClusterOptions(program.command('explain').argument('<rollout>'))
    .description('say why a rollout stands where it stands, what it waits for and what it did')
    .action(async (name: string, options: CommonOptions) => {
      const { runExplain } = await import('./commands/explain.ts')
      await runExplain(plainName(name), options, deps)
    })
}

function addActions(program: Command, deps: CliDeps): void {
  const add = (action: Action, description: string): Command =>
    withClusterOptions(program.command(action).argument('<rollout>'))
      .description(description)
      .action(async (name: string, options: ActOptions) => {
        const { runAction } = await import('./commands/act.ts')
        await runAction(action, plainName(name), options, deps)
      })
  add('promote', 'resume a pause, or skip what the current step waits for').option(
    '--full',
    'skip all remaining steps, pauses and analyses',
  )
  add('abort', 'take the update back: all traffic to the stable revision at once')
  add('retry', 'start an aborted update again from the first step')
  add('pause', 'stop before the next step until promoted')
  add('undo', 'go back to the pod template of an earlier revision').option(
    '--to-revision <number>',
    'the revision to go back to; absent: the one before the newest',
  )
}

function addLint(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  withOutputOptions(program.command('lint'))
    .description('check manifests without a cluster: shape, unknown fields, rules; with line and column')
    .requiredOption('-f, --file <file...>', 'YAML or JSON files, or directories of them; - for standard input')
    .action(async (options: LintOptions) => {
      const { runLint } = await import('./commands/lint.ts')
      setExitCode(await runLint(options, deps))
    })
}

function addPlan(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  withOutputOptions(program.command('plan'))
    .description("print the timeline of a manifest's update when all goes well: steps, weights, pods, waits, the end")
    .requiredOption(
      '-f, --file <file...>',
      'Rollouts with their templates; YAML or JSON files or directories of them; - for standard input',
    )
    .option('-o, --output <format>', 'text, or json: the same as --json')
    .option('--pod-ready <time>', 'from the creation of a pod to its readiness', '10s')
    .action(async (options: PlanOptions) => {
      const { runPlan } = await import('./commands/plan.ts')
      setExitCode(await runPlan(options, deps))
    })
}

function addSimulate(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  withOutputOptions(program.command('simulate'))
    .description(
      "play a manifest's update in simulated clusters where things go wrong: does an invariant break, how long does a bad version keep its requests",
    )
    .requiredOption(
      '-f, --file <file...>',
      'Rollouts with what they name; YAML or JSON files or directories of them; - for standard input',
    )
    .option('--seeds <number>', 'how many clusters, each with a fate of its own; 20 when absent')
    .option('--seed <number>', 'tell what happens in this one')
    .action(async (options: SimulateOptions) => {
      const { runSimulate } = await import('./commands/simulate.ts')
      setExitCode(await runSimulate(options, deps))
    })
}

function addTakeover(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  const takeover = program.command('takeover').description('move a cluster from Argo Rollouts to Penstock')
  withClusterOptions(takeover.command('check'))
    .description('say what Penstock would do with each rollout at first sight; changes nothing (exit 0: nothing moves)')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-o, --output <format>', 'json: the same as --json')
    .action(async (options: TakeoverOptions) => {
      const { runTakeoverCheck } = await import('./commands/takeover.ts')
      setExitCode(await runTakeoverCheck(options, deps))
    })
}

function addVerdict(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  const verdict = program.command('verdict').description('save what a statistical gate judged, and judge it again')
  withOutputOptions(verdict.command('replay').argument('<file>'))
    .description(
      'judge a saved case again with the same code (exit 0: the same numbers as recorded); - for standard input',
    )
    .action(async (file: string, options: ReplayOptions) => {
      const { runVerdictReplay } = await import('./commands/verdict.ts')
      setExitCode(await runVerdictReplay(file, options, deps))
    })
  withClusterOptions(verdict.command('save').argument('<analysisrun>'))
    .description('write the raw samples that a gate judged last, with its rule and its verdict, to a file')
    .requiredOption('-o, --output <file>', 'the file; - for standard output')
    .option('--metric <name>', 'which gate of the run; absent: its only one')
    .option('--prometheus <url>', "where the samples are; absent: the metric's own address")
    .action(async (run: string, options: SaveOptions) => {
      const { runVerdictSave } = await import('./commands/verdict.ts')
      setExitCode(await runVerdictSave(run, options, deps))
    })
}

function addBacktest(program: Command, deps: CliDeps, setExitCode: (code: ExitCode) => void): void {
  withOutputOptions(program.command('backtest'))
    .description("say what a rollout's gates would have done over the past: to healthy rollouts, and to releases")
    .requiredOption(
      '-f, --file <file...>',
      'Rollout with its templates, or BacktestPolicy; YAML or JSON files or directories of them',
    )
    .requiredOption('--prometheus <url>', 'where the history is')
    .option('--compare <file...>', 'more Rollouts or policies, replayed over the same time')
    .option('--from <time>', '24h (before now), or an instant such as 2026-01-01T12:00:00Z', '24h')
    .option('--to <time>', 'the same, or now', 'now')
    .option('--every <time>', 'from one pseudo-rollout to the next; absent: the length of the plan')
    .option('--parallel <number>', 'questions to Prometheus that are under way at once', '4')
    .option(
      '--cache <directory>',
      'keeps what Prometheus said, so that an interrupted or another backtest goes on with it',
    )
    .option('--plot <directory>', 'writes pictures (SVG) of past releases and of healthy rollouts that were ended')
    .action(async (options: BacktestOptions) => {
      const { runBacktest } = await import('./commands/backtest.ts')
      setExitCode(await runBacktest(options, deps))
    })
}

/** `rollout/web`, as kubectl prints and people paste it, means `web`. */
const plainName = (name: string): string => name.replace(/^(?:rollouts?|ro)(?:\.argoproj\.io)?\//, '')
