/**
 * `npm run demo`: plays the story on the embedded cluster and says whether it went as it must. With `--once` it ends there, with one JSON
 * document as the last line; otherwise everything stays up until interrupted.
 */
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { untilInterrupted } from '../interrupt.ts'
import { createStopList } from '../stop-list.ts'
import { createNarrator, type Narrator } from './narrator.ts'
import { type BreakableGate, breakableGates, releases } from './plot.ts'
import { listProblems } from './report.ts'
import { type PlayedStory, playStory } from './story.ts'

const USAGE = `Plays the story: a good release passes; four bad ones and one that nobody wants are taken back.

Usage: npm run demo -- [flags]

  --once               end after the story; exit 0 if it went as it must (also: ONCE=1)
  --break-gate GATE    make one threshold useless on purpose: ${breakableGates.join(', ')} (also: BREAK_GATE=GATE)
  --out DIR            where result, samples and the controller's log are kept (default: .penstock)
  --help
`

interface Flags {
  readonly once: boolean
  readonly broken: BreakableGate | undefined
  readonly out: string
}

type Env = Readonly<Record<string, string | undefined>>

/** Throws one sentence when a flag is wrong; undefined when help is asked for. */
function readFlags(args: readonly string[], env: Env): Flags | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: env.ONCE === '1' },
      'break-gate': { type: 'string', default: env.BREAK_GATE ?? '' },
      out: { type: 'string', default: '.penstock' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return undefined
  const name = values['break-gate']
  const broken = breakableGates.find((gate) => gate === name)
  if (name !== '' && broken === undefined) {
    throw new Error(`--break-gate: expected one of ${breakableGates.join(', ')}, got "${name}"`)
  }
  return { once: values.once, broken, out: values.out }
}

async function keepResult({ report, stage }: PlayedStory, out: string): Promise<void> {
  await mkdir(out, { recursive: true })
  await writeFile(join(out, 'story.json'), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(out, 'reaction-samples.json'), `${JSON.stringify(report.reaction, null, 2)}\n`)
  await copyFile(stage.controller.logFile, join(out, 'controller.log'))
}

function tellAddresses({ stage }: PlayedStory, narrator: Narrator): void {
  narrator.title('Still running; stop with Ctrl-C')
  narrator.say(`kubectl --kubeconfig ${stage.kubeconfig} -n shop get rollouts`)
  narrator.say(`gateway       curl -H 'Host: shop.example' ${stage.gateway.url}/`)
  narrator.say(`Prometheus    ${stage.observability.prometheusUrl}`)
  narrator.say(`Alertmanager  ${stage.observability.alertmanagerUrl}`)
  narrator.say(`controller    ${stage.controller.metricsUrl}`)
}

/** Returns the exit code. */
async function run(flags: Flags): Promise<number> {
  const startedMs = clock.monotonicMs()
  const narrator = createNarrator({
    write: (text) => void process.stdout.write(text),
    hasColours: process.stdout.isTTY && process.env.NO_COLOR === undefined,
    elapsedMs: () => clock.monotonicMs() - startedMs,
  })
  const stops = createStopList()
  const interrupt = new AbortController()
  const interrupted = untilInterrupted().then(() => interrupt.abort())
  try {
    const story = await playStory({ broken: flags.broken, narrator, stops, signal: interrupt.signal })
    await keepResult(story, flags.out)
    const problems = listProblems(releases, story.report)
    for (const problem of problems) narrator.say(problem, 'bad')
    narrator.say(
      problems.length === 0 ? 'the story went as it must' : 'the story did not go as it must',
      problems.length === 0 ? 'good' : 'bad',
    )
    if (!flags.once) {
      tellAddresses(story, narrator)
      await interrupted
    }
    await stops.run()
    if (flags.once) process.stdout.write(`${JSON.stringify(story.report)}\n`)
    return problems.length === 0 ? 0 : 1
  } finally {
    await stops.run()
  }
}

try {
  const flags = readFlags(process.argv.slice(2), process.env)
  const code = flags ? await run(flags) : 0
  if (!flags) process.stdout.write(USAGE)
  // Signal handlers and keep-alive sockets of this process may not keep a finished story waiting.
  process.exit(code)
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
