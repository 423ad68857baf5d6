/**
 * Everything that the story needs, started in order: cluster, gates, Slack sink, Prometheus, Alertmanager, controller, Git and its sync
 * loop, load. It plays nothing; when it is struck, nothing is left.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { namespaces } from '../../controller/kube/kinds.ts'
import { systemClock } from '../../controller/runtime/clock.ts'
import { createLogger } from '../../controller/runtime/log.ts'
import { systemRandom } from '../../controller/runtime/random.ts'
import { createRedactor } from '../../controller/runtime/redact.ts'
import { readBehaviour } from '../app/behaviour.ts'
import { bundleApp } from '../app/bundle.ts'
import { type Cluster, startCluster } from '../cluster.ts'
import type { RunningGateway } from '../gateway/gateway.ts'
import { createRepository, type Repository } from '../git/repository.ts'
import { type RunningSync, startSync } from '../git/sync.ts'
import { applyManifest, readManifests } from '../manifests.ts'
import { findBinaries } from '../observability/binaries.ts'
import { type Observability, startObservability } from '../observability/observability.ts'
import { type SlackSink, startSlackSink } from '../slack-sink/slack-sink.ts'
import type { StopList } from '../stop-list.ts'
import { type RunningController, startController } from './controller-process.ts'
import { type Observation, startObservation } from './observation.ts'
import { renderPast } from './past.ts'
import { type BreakableGate, firstRelease, renderAlerts } from './plot.ts'
import { startWebhookTap, type WebhookTap } from './webhook-tap.ts'

export interface Stage {
  readonly directory: string
  readonly kubeconfig: string
  readonly cluster: Cluster
  readonly gateway: RunningGateway
  readonly slack: SlackSink
  readonly tap: WebhookTap
  readonly observability: Observability
  readonly controller: RunningController
  readonly repository: Repository
  readonly observation: Observation
  /** Begins to apply HEAD every few seconds; call once there is a commit. */
  startSync(): RunningSync
}

export interface StageOptions {
  readonly broken: BreakableGate | undefined
  readonly say: (text: string) => void
  readonly stops: StopList
}

const LEASE_NAMESPACE = 'penstock'
const SYNC_EVERY_MS = 2_000
/** More than the gates' history, for all of the story. */
const PAST_MS = 80 * 60_000
const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** Throws one sentence when something is missing. What was started is in `stops` and is the caller's to stop, also after a failure. */
export async function buildStage({ broken, say, stops }: StageOptions): Promise<Stage> {
  const binaries = await findBinaries(process.env, say)
  const directory = await mkdtemp(join(tmpdir(), 'penstock-story-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  const log = createLogger({
    level: 'warn',
    format: 'text',
    redactor: createRedactor(),
    write: (line) => void process.stderr.write(line),
  })
  const context = { clock: systemClock, random: systemRandom, log }
  const workingDirectory = join(directory, 'pods')
  await mkdir(workingDirectory)
  await bundleApp(workingDirectory)

  say('starting the cluster: API server, node, gateway')
  const cluster = await startCluster({ log, workingDirectory })
  stops.add(() => cluster.stop())
  const { client, gateway } = cluster
  if (!gateway) throw new Error('the cluster has no gateway')
  const kubeconfig = join(directory, 'kubeconfig')
  await cluster.writeKubeconfig(kubeconfig)
  await installPlatform(cluster)

  say('starting Prometheus and Alertmanager, with the last hour of the shop')
  const slack = await startSlackSink(context)
  stops.add(() => slack.stop())
  const tap = await startWebhookTap(context)
  stops.add(() => tap.stop())
  const tokenFile = join(directory, 'webhook-token')
  await writeFile(tokenFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 })
  const rules = join(directory, 'alerts.yaml')
  await writeFile(rules, renderAlerts(await readFile(pathOf('./prometheus/alerts.yaml'), 'utf8'), broken))
  const observability = await startObservability({
    ...context,
    binaries,
    client,
    directory: join(directory, 'observability'),
    gatewayMetrics: gateway.metricsUrl,
    ruleFiles: [rules],
    webhookUrl: `${tap.url}/webhooks/alertmanager`,
    tokenFile,
    past: renderPast({
      behaviour: readBehaviour(firstRelease),
      from: systemClock.now() - PAST_MS,
      to: systemClock.now() - 1_000,
      random: () => systemRandom.next(),
    }),
  })
  stops.add(() => observability.stop())

  say('starting the controller')
  const controller = await startController({
    clock: systemClock,
    directory,
    kubeconfig,
    prometheusUrl: observability.prometheusUrl,
    slackApiUrl: slack.apiUrl,
    tokenFile,
    leaseNamespace: LEASE_NAMESPACE,
  })
  stops.add(() => controller.stop())
  tap.forwardTo(controller.webhookUrl)
  const repository = await createRepository(join(directory, 'repository'))
  const observation = startObservation({ ...context, client })
  stops.add(() => observation.stop())
  return {
    directory,
    kubeconfig,
    cluster,
    gateway,
    slack,
    tap,
    observability,
    controller,
    repository,
    observation,
    startSync() {
      const sync = startSync({ ...context, repository, client, everyMs: SYNC_EVERY_MS })
      stops.add(() => sync.stop())
      return sync
    },
  }
}

/** What a platform team installs once: the controller's namespace and the gates of the chart. */
async function installPlatform({ client }: Cluster): Promise<void> {
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: LEASE_NAMESPACE } })
  for (const manifest of await readManifests(pathOf('../../charts/penstock/files/gates'))) {
    await applyManifest(client, manifest, 'helm')
  }
}
