/**
 * The real Prometheus and Alertmanager as processes on free loopback ports, with their data in a directory of the caller's. It writes
 * their files, starts them, waits until they are ready and stops them; what they say is theirs.
 */
import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { KubeClient } from '../../controller/kube/client.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Random } from '../../controller/runtime/random.ts'
import { type Child, startChild } from '../child.ts'
import { findFreePort } from '../free-port.ts'
import { createStopList } from '../stop-list.ts'
import { waitFor } from '../wait.ts'
import type { Binaries } from './binaries.ts'
import { renderAlertmanagerConfig, renderPrometheusConfig } from './config.ts'
import { followTargets } from './targets.ts'

export interface ObservabilityOptions {
  readonly binaries: Binaries
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Existing directory; everything is written below it. */
  readonly directory: string
  readonly gatewayMetrics: string
  readonly ruleFiles: readonly string[]
  readonly webhookUrl: string
  readonly tokenFile: string
  /** What Prometheus knows from before its start, as OpenMetrics with times. */
  readonly past?: string
}

export interface Observability {
  readonly prometheusUrl: string
  readonly alertmanagerUrl: string
  stop(): Promise<void>
}

const READY_WITHIN_MS = 30_000
const IMPORT_WITHIN_MS = 60_000
const run = promisify(execFile)

async function untilReady(child: Child, url: string, name: string, clock: Clock): Promise<void> {
  const look = async (): Promise<boolean> => {
    if (child.exitCode() !== undefined) throw new Error(`${name} ended at once: ${child.tail()}`)
    return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    )
  }
  await waitFor(look, { clock, what: `${name} to be ready`, withinMs: READY_WITHIN_MS, everyMs: 100 })
}

async function importPast(past: string, { binaries, directory }: ObservabilityOptions): Promise<void> {
  const file = join(directory, 'past.om')
  await writeFile(file, past)
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, join(directory, 'prometheus')]
  await run(binaries.promtool, args, { timeout: IMPORT_WITHIN_MS })
  await rm(file)
}

async function startPrometheus(options: ObservabilityOptions, address: string, alertmanager: string): Promise<Child> {
  const { directory } = options
  const config = join(directory, 'prometheus.yaml')
  const targetsFile = join(directory, 'targets.json')
  await writeFile(config, renderPrometheusConfig({ ...options, targetsFile, alertmanager }))
  return startChild({
    name: 'Prometheus',
    command: options.binaries.prometheus,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, 'prometheus')}`,
      '--storage.tsdb.retention.time=6h',
      `--web.listen-address=${address}`,
      // Its usual five seconds are half a stage of the story.
      '--scrape.discovery-reload-interval=100ms',
      '--rules.alert.resend-delay=5s',
      '--log.level=warn',
    ],
    logFile: join(directory, 'prometheus.log'),
  })
}

async function startAlertmanager(options: ObservabilityOptions, address: string): Promise<Child> {
  const { directory } = options
  const config = join(directory, 'alertmanager.yaml')
  await writeFile(config, renderAlertmanagerConfig(options))
  return startChild({
    name: 'Alertmanager',
    command: options.binaries.alertmanager,
    args: [
      `--config.file=${config}`,
      `--storage.path=${join(directory, 'alertmanager')}`,
      `--web.listen-address=${address}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
    logFile: join(directory, 'alertmanager.log'),
  })
}

/** Resolves when both answer. What was started is stopped again when the other one fails. */
export async function startObservability(options: ObservabilityOptions): Promise<Observability> {
  const { clock } = options
  const stops = createStopList()
  await mkdir(options.directory, { recursive: true })
  try {
    const targets = await followTargets({ ...options, file: join(options.directory, 'targets.json') })
    stops.add(() => targets.stop())
    const alertmanagerAddress = `127.0.0.1:${await findFreePort()}`
    const alertmanager = await startAlertmanager(options, alertmanagerAddress)
    stops.add(() => alertmanager.stop())
    if (options.past !== undefined) await importPast(options.past, options)
    const prometheusAddress = `127.0.0.1:${await findFreePort()}`
    const prometheus = await startPrometheus(options, prometheusAddress, alertmanagerAddress)
    stops.add(() => prometheus.stop())
    await Promise.all([
      untilReady(alertmanager, `http://${alertmanagerAddress}/-/ready`, 'Alertmanager', clock),
      untilReady(prometheus, `http://${prometheusAddress}/-/ready`, 'Prometheus', clock),
    ])
    return {
      prometheusUrl: `http://${prometheusAddress}`,
      alertmanagerUrl: `http://${alertmanagerAddress}`,
      stop: stops.run,
    }
  } catch (error) {
    await stops.run()
    throw error
  }
}
