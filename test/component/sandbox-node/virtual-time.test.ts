/** The stand-in on a virtual clock: delays are exact, a seed repeats itself, a quiet cluster writes nothing but its lease. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pods, replicaSets } from '../../../controller/kube/kinds.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { defaultPodDelays } from '../../../sandbox/node/behaviour.ts'
import { isReady, type Pod } from '../../../sandbox/node/objects.ts'
import { createNodeStandIn } from '../../../sandbox/node/stand-in.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { NAMESPACE, replicaSet } from './cluster.ts'

interface World {
  readonly clock: FakeClock
  readonly readPods: () => Promise<readonly Pod[]>
  readonly create: (replicas: number) => Promise<void>
  readonly remove: () => Promise<void>
  readonly version: () => number
}

async function withWorld(seed: number, check: (world: World) => Promise<void>): Promise<void> {
  const clock = createFakeClock()
  let uids = 0
  const server = createApiServer({
    clock: { now: () => clock.now(), setTimer: (run, delayMs) => clock.setTimer(delayMs, run) },
    newUid() {
      uids += 1
      return `uid-${uids}`
    },
  })
  const client = server.client()
  const random = seededRandom(seed)
  const node = createNodeStandIn({
    client,
    clock,
    random,
    log: silentLogger,
    podDelays: defaultPodDelays,
    controllers: 'all',
  })
  node.start()
  await settle(clock)
  const ref = { kind: replicaSets, namespace: NAMESPACE, name: 'web' }
  try {
    await check({
      clock,
      readPods: async () => (await client.list<Pod>(pods)).items,
      async create(replicas) {
        await client.create(replicaSets, replicaSet('web', replicas))
        await settle(clock)
      },
      async remove() {
        await client.delete(ref, { propagationPolicy: 'Background' })
        await settle(clock)
      },
      version: () => Number(server.resourceVersion()),
    })
  } finally {
    await node.stop()
    await server.close()
  }
  assert.equal(clock.pendingTimers(), 0, 'a timer was left behind')
}

/** Lets chains of promises run to their end without moving time. */
async function settle(clock: FakeClock): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await clock.advance(0)
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(ms)
  await settle(clock)
}

describe('virtual time', () => {
  test('a pod runs after 0.5 s, is ready after 1.5 s, and is gone 1 s after its deletion', () =>
    withWorld(1, async ({ clock, create, remove, readPods }) => {
      await create(3)
      const phases = async (): Promise<readonly (string | undefined)[]> =>
        (await readPods()).map((pod) => (isReady(pod) ? 'Ready' : pod.status?.phase))
      assert.deepEqual(await phases(), ['Pending', 'Pending', 'Pending'])
      await pass(clock, 499)
      assert.deepEqual(await phases(), ['Pending', 'Pending', 'Pending'])
      await pass(clock, 1)
      assert.deepEqual(await phases(), ['Running', 'Running', 'Running'])
      await pass(clock, 1000)
      assert.deepEqual(await phases(), ['Ready', 'Ready', 'Ready'])
      await remove()
      await pass(clock, 999)
      assert.equal((await readPods()).length, 3)
      await pass(clock, 1)
      assert.equal((await readPods()).length, 0)
    }))

  test('a quiet cluster writes nothing but the lease', () =>
    withWorld(1, async ({ clock, create, version }) => {
      await create(3)
      await pass(clock, 60_000)
      const before = version()
      await pass(clock, 600_000)
      assert.equal(version() - before, 60, 'one renewal each ten seconds')
    }))

  test('the same seed gives the same pods', async () => {
    const runs: string[] = []
    for (let run = 0; run < 2; run += 1) {
      await withWorld(7, async ({ clock, create, readPods }) => {
        await create(5)
        await pass(clock, 2000)
        runs.push(JSON.stringify((await readPods()).map(({ metadata, status }) => [metadata.name, status])))
      })
    }
    assert.equal(runs[0], runs[1])
  })
})
