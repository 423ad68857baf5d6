/**
 * Looks whether Argo Rollouts can go on from what Penstock leaves: `npx tsx test/argo/hand-back.ts --controller FILE --gateway-plugin FILE`. Each
 * situation is played by Penstock, which then ends; Argo's own controller takes over and must move nothing. A developer's tool.
 */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startCluster } from '../e2e/cluster.ts'
import { startController } from '../e2e/controller.ts'
import { startMetricSource } from '../e2e/metric-source.ts'
import { createWorkspace, type Workspace } from '../e2e/workspace.ts'
import { type ArgoBinaries, startArgoController } from './argo-controller.ts'
import { type Picture, pictureOf } from './picture.ts'
import { situations, untilQuiet } from './situations.ts'

/** Argo reconciles everything at its start, and again whatever changed; this is many times that. */
const WATCHED_MS = 30_000
const say = (line: string): void => void process.stderr.write(`${line}\n`)

interface Played {
  readonly name: string
  readonly space: Workspace
  readonly before: Picture
}

async function handBack(binaries: ArgoBinaries): Promise<boolean> {
  const cluster = await startCluster()
  const source = await startMetricSource()
  try {
    const penstock = await startController(cluster)
    const spaces: Omit<Played, 'before'>[] = []
    for (const { name, manifests, play } of situations(source.url('/'))) {
      const space = await createWorkspace(cluster, name)
      await space.apply(...manifests)
      await play(space)
      await untilQuiet(space)
      say(`${name}: reached`)
      spaces.push({ name, space })
    }
    await penstock.terminate()
    const played = spaces.map((one) => ({ ...one, before: pictureOf(one.space) }))
    const argo = await startArgoController(cluster.controlPlane, binaries)
    say(`log: ${argo.logFile}`)
    await sleep(WATCHED_MS)
    const verdicts = played.map(judge)
    await argo.stop()
    return verdicts.every(Boolean)
  } finally {
    await source.stop()
    await cluster.stop()
  }
}

function judge({ name, space, before }: Played): boolean {
  try {
    assert.deepEqual(pictureOf(space), before)
    const { phase, message } = space.rollout().status ?? {}
    say(`${name}: nothing moved (${phase}${message ? `: ${message}` : ''})`)
    return true
  } catch (error) {
    say(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    return false
  }
}

const { values } = parseArgs({ options: { controller: { type: 'string' }, 'gateway-plugin': { type: 'string' } } })
const { controller, 'gateway-plugin': gatewayPlugin } = values
if (!controller || !gatewayPlugin) {
  say('usage: npx tsx test/argo/hand-back.ts --controller FILE --gateway-plugin FILE')
  process.exitCode = 2
} else if (!(await handBack({ controller, gatewayPlugin }))) process.exitCode = 1
