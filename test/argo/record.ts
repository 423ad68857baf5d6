/**
 * Records how Argo Rollouts leaves a cluster, one fixture per situation: `npx tsx test/argo/record.ts --controller FILE --gateway-plugin FILE
 * --version 1.9.0`. A developer's tool; it runs the real controller on the tests' control plane.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { type Cluster, startCluster } from '../e2e/cluster.ts'
import { startMetricSource } from '../e2e/metric-source.ts'
import { createWorkspace, type Workspace } from '../e2e/workspace.ts'
import { startArgoController } from './argo-controller.ts'
import { type Fixture, type FixtureObject, fixtureFolder, readEvents, resources } from './fixture.ts'
import { situations, untilQuiet } from './situations.ts'

const say = (line: string): void => void process.stderr.write(`${line}\n`)

async function record(version: string, controller: string, gatewayPlugin: string): Promise<void> {
  const cluster = await startCluster()
  const source = await startMetricSource()
  const argo = await startArgoController(cluster.controlPlane, { controller, gatewayPlugin })
  say(`log: ${argo.logFile}`)
  try {
    const played = await playAll(cluster, source.url('/'))
    await argo.stop()
    mkdirSync(fixtureFolder(version), { recursive: true })
    for (const { name, space } of played) {
      const fixture = await readFixture(name, version, space, cluster.controlPlane)
      writeFileSync(`${fixtureFolder(version)}/${name}.json`, `${JSON.stringify(fixture, null, 2)}\n`)
      say(`${name}: ${fixture.objects.length} objects`)
    }
  } finally {
    await argo.stop()
    await source.stop()
    await cluster.stop()
  }
}

async function playAll(
  cluster: Cluster,
  metricUrl: string,
): Promise<readonly { readonly name: string; readonly space: Workspace }[]> {
  const played = []
  for (const { name, manifests, play } of situations(metricUrl)) {
    const space = await createWorkspace(cluster, name)
    await space.apply(...manifests)
    await play(space)
    await untilQuiet(space)
    say(`${name}: reached`)
    played.push({ name, space })
  }
  return played
}

async function readFixture(name: string, version: string, space: Workspace, plane: ControlPlane): Promise<Fixture> {
  const objects: FixtureObject[] = []
  for (const { path, plural } of resources) {
    const { body } = await plane.api({ path: `${path}/namespaces/${space.namespace}/${plural}` })
    const { apiVersion, kind, items } = body as { apiVersion: string; kind: string; items: KubeObject[] }
    const own = items.filter(({ metadata }) => metadata.name !== 'kubernetes')
    objects.push(...own.map((object) => portable(object, apiVersion, kind.replace(/List$/, ''))))
  }
  const events = await readEvents(space.namespace, plane)
  return { name, version, recordedAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'), objects, events }
}

/** Without what belongs to one cluster at one time, and without the status that others write. */
function portable(object: KubeObject & { readonly status?: unknown }, apiVersion: string, kind: string): FixtureObject {
  const { status, ...rest } = object
  const { name, uid, labels, annotations, ownerReferences } = object.metadata
  const metadata = {
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations: withoutKubectl(annotations) } : {}),
    ...(ownerReferences ? { ownerReferences } : {}),
  }
  const keepsStatus = kind === 'Rollout' || kind === 'AnalysisRun'
  return { ...withoutAddresses(rest), apiVersion, kind, metadata, ...(keepsStatus ? { status } : {}) }
}

const withoutKubectl = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith('kubectl.kubernetes.io/')))

function withoutAddresses<T extends object>(object: T): T {
  const { spec } = object as { spec?: Record<string, unknown> }
  if (!spec || !('clusterIP' in spec)) return object
  const { clusterIP: _ip, clusterIPs: _ips, ...kept } = spec
  return { ...object, spec: kept }
}

const { values } = parseArgs({
  options: {
    controller: { type: 'string' },
    'gateway-plugin': { type: 'string' },
    version: { type: 'string' },
  },
})
const { controller, 'gateway-plugin': gatewayPlugin, version } = values
if (!controller || !gatewayPlugin || !version) {
  say('usage: npx tsx test/argo/record.ts --controller FILE --gateway-plugin FILE --version 1.9.0')
  process.exitCode = 2
} else await record(version, controller, gatewayPlugin)
