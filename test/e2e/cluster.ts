/**
 * The cluster that the paths run on, as a user would have it: a real control plane with the chart installed (all but its Deployment), a node
 * stand-in for the missing scheduler and kubelet, and the product as it is shipped, bundled. The product gets the chart's own service account;
 * the admin's rights are for the test's hands alone.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import { defaultRouterIds } from '../../controller/api/enabled-routers.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout, Service } from '../../controller/api/rollout.ts'
import type { ObjectCache } from '../../controller/kube/cache.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { createHttpClient } from '../../controller/kube/http-client.ts'
import { createInformers } from '../../controller/kube/informers.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { systemClock } from '../../controller/runtime/clock.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { systemRandom } from '../../controller/runtime/random.ts'
import type { PodDelays } from '../../sandbox/node/behaviour.ts'
import { createNodeStandIn } from '../../sandbox/node/stand-in.ts'
import { renderChart } from '../chart/helm.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { startControlPlane } from '../control-plane/start.ts'
import { createGatewayStandIn, type GatewayStandIn } from './gateway.ts'

export const SYSTEM_NAMESPACE = 'penstock-system'
const ACCOUNT = 'penstock'
/** Those that read what tenants keep, such as ConfigMaps, are not among them. */
const ROUTERS = [...defaultRouterIds, 'hashicorp/consul', 'penstock/consul-kv']
const POD_DELAYS = { startMs: 100, readyMs: 200, terminateMs: 100 }
const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Caches {
  readonly rollouts: ObjectCache<Rollout>
  readonly replicaSets: ObjectCache<ReplicaSet>
  readonly analysisRuns: ObjectCache<AnalysisRun>
  readonly experiments: ObjectCache<Experiment>
  readonly services: ObjectCache<Service>
  readonly pods: ObjectCache<KubeObject>
}

export interface Cluster {
  readonly controlPlane: ControlPlane
  /** As admin. */
  readonly client: KubeClient
  /** What the test sees, by watches of its own. */
  readonly caches: Caches
  readonly gateway: GatewayStandIn
  /** Of the service account that the chart makes. */
  readonly kubeconfig: string
  readonly accountToken: string
  /** The flag by which the chart's Deployment names the routers. */
  readonly routersFlag: string
  /** Holds `controller.js` and `cli.js`, tokens and logs. */
  readonly directory: string
  /** Requests of the service account that the API server has answered, by its audit log; undefined on a cluster that is not ours. */
  readonly readAudit: (() => readonly AuditedRequest[]) | undefined
  stop(): Promise<void>
}

export interface AuditedRequest {
  readonly verb: string
  readonly uri: string
  readonly resource: string
  readonly userAgent: string
  readonly code: number
  /** When it was answered, and when it had come; epoch ms of this machine. */
  readonly atMs: number
  readonly receivedMs: number
  /** Which of the account's tokens it came with: the token's id. */
  readonly credential: string
}

export async function startCluster({
  podDelays = POD_DELAYS,
}: {
  readonly podDelays?: PodDelays
} = {}): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-e2e-'))
  const [controlPlane] = await Promise.all([startAuditedControlPlane(directory), bundle(directory)])
  const ports = { clock: systemClock, random: systemRandom, log: silentLogger }
  const metrics = createMetricRegistry()
  const client = createHttpClient({
    ...ports,
    metrics,
    kubeconfig: controlPlane.kubeconfigPath,
    qps: 1000,
    burst: 2000,
  })
  const { routersFlag } = await installChart(controlPlane)
  await controlPlane.startControllerManager()
  const informers = createInformers({ ...ports, client })
  const caches: Caches = {
    rollouts: informers.for<Rollout>(kinds.rollouts),
    replicaSets: informers.for<ReplicaSet>(kinds.replicaSets),
    analysisRuns: informers.for<AnalysisRun>(kinds.analysisRuns),
    experiments: informers.for<Experiment>(kinds.experiments),
    services: informers.for<Service>(kinds.services),
    pods: informers.for<KubeObject>(kinds.pods),
  }
  const gateway = createGatewayStandIn(informers, client)
  const node = createNodeStandIn({ ...ports, client, podDelays, controllers: 'pods-only' })
  informers.start()
  node.start()
  const accountToken = await controlPlane.tokenFor(SYSTEM_NAMESPACE, ACCOUNT)
  return {
    controlPlane,
    client,
    caches,
    gateway,
    accountToken,
    routersFlag,
    kubeconfig: controlPlane.kubeconfigFor(accountToken),
    directory,
    readAudit: controlPlane.processes && (() => readAudit(join(directory, 'audit.log'))),
    async stop() {
      gateway.stop()
      await node.stop()
      await informers.stop()
      await client.close()
      await controlPlane.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** One line per answered request of the service account, and nothing of anybody else. */
function startAuditedControlPlane(directory: string): Promise<ControlPlane> {
  const policy = {
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [{ level: 'Metadata', users: [`system:serviceaccount:${SYSTEM_NAMESPACE}:${ACCOUNT}`] }, { level: 'None' }],
  }
  const policyFile = join(directory, 'audit-policy.json')
  writeFileSync(policyFile, JSON.stringify(policy))
  const apiServerArgs = [`--audit-policy-file=${policyFile}`, `--audit-log-path=${join(directory, 'audit.log')}`]
  return startControlPlane({ apiServerArgs })
}

interface AuditEvent {
  readonly verb: string
  readonly requestURI: string
  readonly userAgent?: string
  readonly stage: string
  readonly objectRef?: { readonly resource?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly stageTimestamp: string
  readonly requestReceivedTimestamp: string
  readonly user?: { readonly extra?: Readonly<Record<string, readonly string[]>> }
}

const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id'

function readAudit(file: string): readonly AuditedRequest[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(({ stage }) => stage === 'ResponseComplete')
    .map(({ verb, requestURI, userAgent = '', objectRef, responseStatus, user, ...times }) => ({
      verb,
      uri: requestURI,
      userAgent,
      resource: objectRef?.resource ?? '',
      code: responseStatus?.code ?? 0,
      atMs: Date.parse(times.stageTimestamp),
      receivedMs: Date.parse(times.requestReceivedTimestamp),
      credential: user?.extra?.[CREDENTIAL_ID]?.[0]?.replace('JTI=', '') ?? '',
    }))
}

/** What `npm run build` makes for users. */
async function bundle(directory: string): Promise<void> {
  const outdir = join(directory, 'bundle')
  mkdirSync(outdir)
  await promisify(execFile)(process.execPath, ['--import', 'tsx', 'build.ts', outdir], { cwd: ROOT })
}

/** The chart as it renders, but the Deployment: the controller runs as a process of the test. */
async function installChart(controlPlane: ControlPlane): Promise<Pick<Cluster, 'routersFlag'>> {
  const { code, stdout, stderr } = await renderChart({ namespace: SYSTEM_NAMESPACE, values: { routers: ROUTERS } })
  if (code !== 0) throw new Error(`The chart does not render: ${stderr}`)
  const objects = parseAllDocuments(stdout).flatMap((document) =>
    document.contents === null ? [] : [document.toJS() as KubeObject & { kind: string }],
  )
  const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition')
  await controlPlane.apply(crds)
  for (const file of thirdParties()) await controlPlane.apply(readFileSync(file, 'utf8'))
  await controlPlane.kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all')
  await controlPlane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE } })
  await controlPlane.apply(objects.filter(({ kind }) => !['CustomResourceDefinition', 'Deployment'].includes(kind)))
  const routersFlag = /--routers=\S+/.exec(stdout)?.[0]
  if (routersFlag === undefined) throw new Error('The chart names no routers to the controller')
  return { routersFlag }
}

/** Definitions of every router's kinds, which the API server takes or the tests do not begin. */
function thirdParties(): readonly URL[] {
  const folder = new URL('../crds/', import.meta.url)
  const files = readdirSync(folder).sort()
  return [
    new URL('../../sandbox/crds/gateway-api.yaml', import.meta.url),
    ...files.map((name) => new URL(name, folder)),
  ]
}
