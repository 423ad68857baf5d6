/**
 * The controller as users run it: a process of its own, bundled as it is shipped, given flags and a kubeconfig. Everything the story
 * knows of it comes from outside: its log line at the start and its metrics.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { routerIds } from '../../controller/api/router-capabilities.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import { startChild } from '../child.ts'
import { asShipped, bundleController } from '../controller-bundle.ts'
import { waitFor } from '../wait.ts'

export interface ControllerOptions {
  readonly clock: Clock
  /** Existing directory for the bundle and the log. */
  readonly directory: string
  readonly kubeconfig: string
  readonly prometheusUrl: string
  readonly slackApiUrl: string
  readonly tokenFile: string
  readonly leaseNamespace: string
}

export interface RunningController {
  readonly webhookUrl: string
  readonly metricsUrl: string
  readonly pid: number
  readonly logFile: string
  /** What its own metrics say now. */
  readMetrics(): Promise<ControllerMetrics>
  /** One sentence when the process has ended by itself. */
  problem(): string | undefined
  stop(): Promise<void>
}

export interface ControllerMetrics {
  readonly rssBytes: number
  /** Writes to the API server so far, those to its Lease left out. */
  readonly writes: number
}

const READY_WITHIN_MS = 30_000
const writeVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

/** Sums one metric over the series that `wanted` picks by their labels. */
export function sumSeries(
  text: string,
  name: string,
  wanted: (labels: Readonly<Record<string, string>>) => boolean,
): number {
  let sum = 0
  for (const line of text.split('\n')) {
    const [, found, labels = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (found !== name) continue
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
    if (wanted(Object.fromEntries(pairs))) sum += Number(value)
  }
  return sum
}

interface Started {
  readonly metricsPort: number
  readonly webhooks: string
}

function readStarted(line: string): Started | undefined {
  try {
    const { msg, metricsPort, webhooks } = JSON.parse(line) as Record<string, unknown>
    if (msg !== 'started' || typeof metricsPort !== 'number' || typeof webhooks !== 'string') return undefined
    return { metricsPort, webhooks }
  } catch {
    return undefined
  }
}

async function renderFlags(options: ControllerOptions): Promise<readonly string[]> {
  const slackToken = join(options.directory, 'slack-token')
  await writeFile(slackToken, 'xoxb-sandbox\n', { mode: 0o600 })
  return [
    `--kubeconfig=${options.kubeconfig}`,
    '--bind-address=127.0.0.1',
    '--metricsPort=0',
    '--healthzPort=0',
    '--webhook-port=0',
    `--webhook-token-file=${options.tokenFile}`,
    // Guides try routers here that a cluster's controller is asked for by name.
    `--routers=${routerIds.join(',')}`,
    '--leader-elect=true',
    `--leader-election-namespace=${options.leaseNamespace}`,
    // Prometheus and Slack are on this machine here, which tenants' URLs may otherwise not reach.
    '--allow-outbound=127.0.0.0/8',
    `--slack-token-file=${slackToken}`,
    '--slack-channel=#releases',
    `--slack-api-url=${options.slackApiUrl}`,
  ]
}

/** Resolves when it has logged that it is started. Rejects with its last words when it ends instead. */
export async function startController(options: ControllerOptions): Promise<RunningController> {
  const { clock, directory } = options
  const bundle = await bundleController(directory)
  const logFile = join(directory, 'controller.log')
  let started: Started | undefined
  const child = await startChild({
    name: 'controller',
    command: process.execPath,
    args: [...asShipped.nodeFlags, bundle, ...(await renderFlags(options))],
    env: { ...asShipped.env, ARGO_ROLLOUTS_PROMETHEUS_ADDRESS: options.prometheusUrl },
    logFile,
    onLine: (line) => {
      started ??= readStarted(line)
    },
  })
  const problem = (): string | undefined =>
    child.exitCode() === undefined ? undefined : `the controller ended with code ${child.exitCode()}: ${child.tail()}`
  try {
    const look = (): Started | undefined => {
      const ended = problem()
      if (ended !== undefined) throw new Error(ended)
      return started
    }
    const { metricsPort, webhooks } = await waitFor(look, {
      clock,
      what: 'the controller to start',
      withinMs: READY_WITHIN_MS,
    })
    const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
    return {
      webhookUrl: webhooks,
      metricsUrl,
      pid: child.pid,
      logFile,
      readMetrics: () => readMetrics(metricsUrl),
      problem,
      stop: () => child.stop(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}

async function readMetrics(url: string): Promise<ControllerMetrics> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  const text = await response.text()
  return {
    rssBytes: sumSeries(text, 'process_resident_memory_bytes', () => true),
    writes: sumSeries(
      text,
      'controller_clientset_k8s_request_total',
      ({ verb = '', kind }) => writeVerbs.has(verb.toLowerCase()) && kind !== 'leases',
    ),
  }
}
