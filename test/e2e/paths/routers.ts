/**
 * Whole canaries by every router of the table, with third parties' definitions on a real API server and under the rights that the chart grants: one is
 * aborted in mid-flight, the next is promoted, and nothing is left behind either.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, RolloutSpec } from '../../../controller/api/rollout.ts'
import { type ConsulAgent, startConsulAgent } from '../../consul/agent.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { imageOf, NAME, rollout } from '../manifests.ts'
import { CONSUL_KEY, consulKv, type RouterObject, type RouterRow, routerRows } from '../router-rows.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

/** What tells Consul's subsets apart; the others do not mind. */
const META = 'consul.hashicorp.com/service-meta-version'
const NO_FLOOR = { 'penstock.dev/propagation-seconds': '0' }
const header = { setHeaderRoute: { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] } }
const mirror = { setMirrorRoute: { name: 'shadow', match: [{ method: { exact: 'GET' } }], percentage: 100 } }
const managedOf = ({ mirrors }: RouterRow): readonly CanaryStep[] => (mirrors ? [header, mirror] : [header])

function renderRollout(row: RouterRow): object {
  const managed = managedOf(row)
  const managedRoutes = [{ name: 'beta' }, { name: 'shadow' }].slice(0, managed.length)
  const canary = {
    ...(row.parts ?? { stableService: `${NAME}-stable`, canaryService: `${NAME}-canary` }),
    scaleDownDelaySeconds: 1,
    abortScaleDownDelaySeconds: 1,
    trafficRouting: { ...row.routing, managedRoutes },
    steps: [{ setWeight: 20 }, ...managed, { pause: {} }, { setWeight: 50 }, { pause: {} }],
  }
  const template = {
    metadata: { labels: { app: NAME }, annotations: { [META]: 'v1' } },
    spec: { containers: [{ name: 'app', image: imageOf(1), ports: [{ name: 'http', containerPort: 8080 }] }] },
  }
  const spec: Partial<RolloutSpec> = { strategy: { canary }, template }
  return { ...rollout({ spec }), metadata: { name: NAME, annotations: NO_FLOOR } }
}

type Read = () => Promise<readonly RouterObject[]>

async function play(stage: Stage, row: RouterRow, space: Workspace, read: Read): Promise<void> {
  const managed = managedOf(row).length
  const untilTold = async (canary: number, isManaged: boolean): Promise<void> => {
    const told = row.told(canary, isManaged)
    const isTold = async () => JSON.stringify(row.tell(await read())) === JSON.stringify(told)
    await waitFor(isTold, { what: told.join('; '), timeoutMs: 30_000, intervalMs: 50 }).catch(async (error) => {
      assert.deepEqual(row.tell(await read()), told, String(error))
    })
  }
  const release = (version: number): Promise<void> => {
    const containers = [{ name: 'app', image: imageOf(version) }]
    return space.patch({
      spec: { template: { metadata: { annotations: { [META]: `v${version}` } }, spec: { containers } } },
    })
  }
  const command = async (...args: readonly string[]) => assert.equal((await space.cli(...args)).code, 0)

  await space.apply(...row.objects)
  if (row.isTaken) await saySynced(row, space)
  await space.apply(renderRollout(row))
  await space.untilPhase('Healthy')
  await untilTold(0, false)
  await stage.passes(space, 2)
  const before = asUsersSee(space, await read())
  const untilAsBefore = async (what: string): Promise<void> => {
    await untilTold(0, false)
    const isSo = async () => {
      const objects = await read()
      return JSON.stringify(asUsersSee(space, objects)) === JSON.stringify(before) && claimedOf(objects).length === 0
    }
    await waitFor(isSo, { what, timeoutMs: 30_000, intervalMs: 50 }).catch(async (error) => {
      const objects = await read()
      assert.deepEqual([asUsersSee(space, objects), claimedOf(objects)], [before, []], String(error))
    })
  }

  await release(2)
  await space.untilPausedAt(managed + 1)
  await untilTold(20, true)
  await command('abort', NAME)
  await space.untilPhase('Degraded')
  await space.until('the aborted revision to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
  await untilAsBefore('nothing to be left behind the abort')

  await release(3)
  await space.untilPausedAt(managed + 1)
  await untilTold(20, true)
  await command('promote', NAME)
  await space.untilPausedAt(managed + 3)
  await untilTold(50, true)
  await command('promote', NAME)
  await space.untilPhase('Healthy')
  await space.until('the old revision to go', () => space.replicaSetOf(imageOf(1)).spec.replicas === 0)
  await untilAsBefore('nothing to be left behind the promotion')
}

/** Every object of the router's kinds in the namespace. */
async function readObjects(stage: Stage, row: RouterRow, space: Workspace): Promise<readonly RouterObject[]> {
  const { client } = stage.cluster()
  const lists = await Promise.all(
    row.kinds.map(async (kind) => {
      const { items } = await client.list<RouterObject>(kind, { namespace: space.namespace })
      return items.map((item) => ({ ...item, kind: kind.kind }))
    }),
  )
  return lists.flat()
}

/** Objects of users that the API server has the controller on record for. */
const claimedOf = (objects: readonly RouterObject[]): readonly string[] =>
  objects.flatMap(({ metadata: { name, ownerReferences = [], managedFields = [] } }) =>
    ownerReferences.length === 0 && managedFields.some(({ manager }) => manager === 'penstock') ? [name] : [],
  )

/** All but what the API server adds, and with one word for whatever tells revisions apart. */
function asUsersSee(space: Workspace, objects: readonly RouterObject[]): unknown {
  const hashes = space.replicaSets().map(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] ?? '')
  const seen = objects.map(({ metadata: { name, labels, annotations, ownerReferences, finalizers }, spec }) =>
    JSON.stringify({ name, labels, annotations, ownerReferences, finalizers, spec }),
  )
  const neutral = hashes.reduce((text, hash) => text.replaceAll(hash, 'HASH'), `[${seen.join(',')}]`)
  return JSON.parse(neutral.replace(/(Service\.Meta\.version == )v\d/g, '$1VERSION'))
}

async function saySynced({ kinds }: RouterRow, space: Workspace): Promise<void> {
  const status = JSON.stringify({ status: { conditions: [{ type: 'Synced', status: 'True' }] } })
  for (const { plural, group } of kinds) {
    const args = ['patch', `${plural}.${group}`, NAME, '--subresource=status', '--type=merge', '-p', status]
    const { code, stderr } = await space.kubectl(...args)
    assert.equal(code, 0, stderr)
  }
}

/** With Consul's last answer in the place of an object's spec. */
async function readKey(agent: ConsulAgent): Promise<readonly RouterObject[]> {
  const { status, body } = await agent.call('GET', `/v1/kv/${CONSUL_KEY}?raw`)
  return status === 200 ? [{ metadata: { name: CONSUL_KEY }, spec: JSON.parse(body) }] : []
}

export function routerPaths(stage: Stage): void {
  const title = (row: RouterRow): string =>
    `${[row.id, row.title].filter(Boolean).join(' ')}: one canary is aborted, the next is promoted, and nothing is left behind`
  const open = (row: RouterRow): Promise<Workspace> =>
    stage.workspace(`router-${row.id.replace(/\W/g, '-').toLowerCase()}`)
  const assertNothingRefused = (): void => {
    const refused = (stage.cluster().readAudit?.() ?? []).filter(({ code }) => code === 401 || code === 403)
    assert.deepEqual(refused, [], 'the chart grants what was needed')
  }

  describe('routers', { concurrency: 3 }, () => {
    for (const row of routerRows)
      test(title(row), async () => {
        const space = await open(row)
        await play(stage, row, space, () => readObjects(stage, row, space))
        assertNothingRefused()
      })
  })

  describe('routers outside the cluster', () => {
    test(title(consulKv), async (t) => {
      const agent = await startConsulAgent()
      const space = await open(consulKv)
      // Otherwise the other paths would hear of a Consul that is not there any more.
      t.after(async () => {
        await space.kubectl('delete', 'rollout', NAME)
        await stage.restart('SIGTERM')
        await agent.stop()
      })
      await stage.restart('SIGTERM', { flags: [`--consul-address=${agent.address}`] })
      await play(stage, consulKv, space, () => readKey(agent))
      assertNothingRefused()
    })
  })
}
