/**
 * The controller that is measured: the bundle that users get, as a process of its own, with the flags of production but for its ports.
 * Built anew for every run, since a bundle that lies about would be measured in place of the sources.
 */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { startChild } from '../../sandbox/child.ts'
import { asShipped } from '../../sandbox/controller-bundle.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { type ControllerMetrics, readControllerMetrics } from './controller-metrics.ts'

export interface ControllerOptions {
  /** Existing directory for the token and the log. */
  readonly directory: string
  readonly kubeconfig: string
  readonly leaseNamespace: string
  /** The file to run. */
  readonly bundle: string
  readonly nodeFlags: readonly string[]
  /** Besides those that every suite gives. */
  readonly flags?: readonly string[]
  /** Until it must lead; 30 s when absent. After a kill the Lease alone takes 15. */
  readonly startWithinMs?: number
}

export interface BenchController {
  readonly pid: number
  /** Posts an Alertmanager payload; rejects unless it is answered with 200. */
  post(payload: object): Promise<unknown>
  readMetrics(): Promise<ControllerMetrics>
  /** Undefined while it runs. */
  exitCode(): number | undefined
  stop(): Promise<void>
  kill(): Promise<void>
}

const START_WITHIN_MS = 30_000

/** Resolves once it leads. */
export async function startController(options: ControllerOptions): Promise<BenchController> {
  const token = randomBytes(24).toString('base64url')
  const tokenFile = join(options.directory, 'webhook-token')
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 })
  const lines = new Map<string, Readonly<Record<string, unknown>>>()
  const child = await startChild({
    name: 'controller',
    command: process.execPath,
    args: [
      ...options.nodeFlags,
      options.bundle,
      `--kubeconfig=${options.kubeconfig}`,
      '--bind-address=127.0.0.1',
      '--metricsPort=0',
      '--healthzPort=0',
      '--webhook-port=0',
      `--webhook-token-file=${tokenFile}`,
      `--leader-election-namespace=${options.leaseNamespace}`,
      ...(options.flags ?? []),
    ],
    env: asShipped.env,
    logFile: join(options.directory, 'controller.log'),
    onLine(line) {
      const entry = parseLine(line)
      if (entry.msg === 'started' || entry.msg === 'leading') lines.set(entry.msg, entry)
    },
  })
  try {
    const started = await waitFor(
      () => {
        if (child.exitCode() !== undefined) throw new Error(`the controller ended: ${child.tail()}`)
        return lines.has('leading') && lines.get('started')
      },
      { clock, what: 'the controller to lead', withinMs: options.startWithinMs ?? START_WITHIN_MS },
    )
    const webhook = `${String(started.webhooks)}/webhooks/alertmanager`
    const metrics = `http://127.0.0.1:${String(started.metricsPort)}/metrics`
    return {
      pid: child.pid,
      post: (payload) => post(webhook, token, payload),
      readMetrics: () => readControllerMetrics(metrics),
      exitCode: () => child.exitCode(),
      stop: () => child.stop(),
      kill: () => child.kill(),
    }
  } catch (error) {
    await child.stop()
    throw error
  }
}

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return {}
  }
}

async function post(url: string, token: string, payload: object): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(payload),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`the alert receiver answered ${response.status}: ${text}`)
  return JSON.parse(text)
}
