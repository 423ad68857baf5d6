/**
 * Records how Argo Rollouts leaves a cluster, one fixture per situation: `npx tsx test/argo/record.ts --controller FILE --gateway-plugin FILE
 * --version 1.9.0`. A developer's tool; it runs the real controller on the tests' control plane.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { type Cluster, startCluster } from '../e2e/cluster.ts'
import { startMetricSource } from '../e2e/metric-source.ts'
import { createWorkspace, type Workspace } from '../e2e/workspace.ts'
import { startArgoController } from './argo-controller.ts'
import { type Fixture, fixtureFolder, readEvents, readObjects } from './fixture.ts'
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
  const objects = await readObjects(space.namespace, plane)
  const events = await readEvents(space.namespace, plane)
  return { name, version, recordedAt: new Date().toISOString().replace(/\.\d+Z$/, 'Z'), objects, events }
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
