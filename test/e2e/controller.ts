/**
 * The controller as a process: the shipped bundle, started with flags, spoken to over its ports, ended by signals. Its log is kept for
 * assertions and for the words of a failed wait.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitFor } from '../control-plane/wait.ts'
import { type Cluster, SYSTEM_NAMESPACE } from './cluster.ts'

export const WEBHOOK_TOKEN = 'e2e-token-of-the-alert-receiver'
const START_LIMIT_MS = 30_000

export interface LogLine {
  readonly level: string
  readonly msg: string
  readonly reason?: string
  readonly rollout?: string
  readonly namespace?: string
  readonly [field: string]: unknown
}

export interface ControllerProcess {
  readonly webhookUrl: string
  /** Empty without a certificate. */
  readonly admissionUrl: string
  readonly healthUrl: string
  readonly metricsUrl: string
  log(): readonly LogLine[]
  isRunning(): boolean
  /** Such as SIGSTOP and SIGCONT. */
  signal(signal: NodeJS.Signals): void
  /** The exit code, once it has ended. */
  readonly ended: Promise<number | null>
  kill(): Promise<void>
  /** SIGTERM; the exit code. */
  terminate(): Promise<number | null>
}

export interface ControllerOptions {
  /** Instead of election by Lease: leads at once. */
  readonly electionOff?: boolean
  /** Ready is enough: another one may lead. */
  readonly standsBy?: boolean
  /** Another way to the API server than the cluster's own. */
  readonly kubeconfig?: string
  readonly flags?: readonly string[]
}

/** Resolves once it leads, or is ready where that is all that is asked. */
export async function startController(cluster: Cluster, options: ControllerOptions = {}): Promise<ControllerProcess> {
  const child = spawn(
    process.execPath,
    [join(cluster.directory, 'bundle', 'controller.js'), ...flags(cluster, options)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH },
    },
  )
  const lines: LogLine[] = []
  let errors = ''
  readLines(child, (line) => lines.push(line))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000)
  })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal)
    const code = await ended
    process.removeListener('exit', killAtExit)
    return code
  }
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const giveUp = () => (isRunning() ? undefined : `the controller ended with ${child.exitCode}: ${errors}`)
  const find = (msg: string) => async () => lines.find((line) => line.msg === msg)
  const waiting = { what: 'the controller to lead', timeoutMs: START_LIMIT_MS, intervalMs: 20, giveUp }
  try {
    const started = await waitFor(find('started'), waiting)
    const readyz = `http://127.0.0.1:${String(started.healthzPort)}/readyz`
    const isReady = async () => (await fetch(readyz)).ok
    const leads = async () => lines.some((line) => line.msg === 'leading')
    await waitFor(options.electionOff === true || options.standsBy === true ? isReady : leads, waiting)
    return {
      webhookUrl: String(started.webhooks),
      admissionUrl: String(started.admission),
      healthUrl: `http://127.0.0.1:${String(started.healthzPort)}`,
      metricsUrl: `http://127.0.0.1:${String(started.metricsPort)}/metrics`,
      log: () => lines,
      isRunning,
      signal: (name) => void child.kill(name),
      ended,
      kill: async () => void (await end('SIGKILL')),
      terminate: () => end('SIGTERM'),
    }
  } catch (error) {
    await end('SIGKILL')
    const words = lines.slice(-10).map((line) => JSON.stringify(line).slice(0, 400))
    throw new Error(`The controller does not lead; its last words:\n${words.join('\n')}`, { cause: error })
  }
}

function flags(cluster: Cluster, options: ControllerOptions): readonly string[] {
  const tokenFile = join(cluster.directory, 'webhook-token')
  writeFileSync(tokenFile, `${WEBHOOK_TOKEN}\n`, { mode: 0o600 })
  return [
    `--kubeconfig=${options.kubeconfig ?? cluster.kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--metricsPort=0',
    '--healthzPort=0',
    '--webhook-port=0',
    `--webhook-token-file=${tokenFile}`,
    `--leader-elect=${options.electionOff !== true}`,
    `--leader-election-namespace=${SYSTEM_NAMESPACE}`,
    '--allow-outbound=127.0.0.1',
    '--loglevel=debug',
    cluster.routersFlag,
    ...(options.flags ?? []),
  ]
}

function readLines(child: ChildProcess, take: (line: LogLine) => void): void {
  let rest = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(JSON.parse(line) as LogLine)
  })
}
