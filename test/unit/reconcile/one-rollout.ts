/** One Rollout in an in-memory cluster, and the shipped pass over it: what is written, what is told, with faults by hook. */
import type { TestContext } from 'node:test'
import type { ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { createRaceWatch } from '../../../controller/reconcile/races.ts'
import { reconcileRollout } from '../../../controller/reconcile/rollout.ts'
import { declareRolloutMetrics } from '../../../controller/reconcile/rollout-metrics.ts'
import { createStuckWatch } from '../../../controller/reconcile/stuck.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { rollout } from '../../builders/rollout.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

const ref = { kind: kinds.rollouts, namespace: 'web', name: 'shop' }

export async function setUp(t: TestContext, shop: Rollout = rollout({ replicas: 1, routed: false })) {
  const clock = createFakeClock()
  const kube = createMemoryKube()
  await kube.client.create(kinds.rollouts, shop)
  const informers = createInformers({ client: kube.client, clock, random: seededRandom(1), log: silentLogger })
  const caches = openCaches(informers)
  const told: string[] = []
  informers.start()
  await clock.settle()
  t.after(async () => {
    const stopped = informers.stop()
    await clock.advance(1_000)
    await stopped
  })
  const deps = {
    client: kube.client,
    caches,
    clock,
    log: silentLogger,
    fence: createFence({ clock, log: silentLogger, client: kube.client, caches: informers }),
    metrics: declareRolloutMetrics(createMetricRegistry()),
    events: {
      record: (_: unknown, __: unknown, reason: string) => void told.push(reason),
      flush: async () => {},
      stop: async () => {},
    },
    observe: { caches, now: () => clock.now(), compat: 'strict' as const, notices: true },
    stuck: createStuckWatch(clock),
    races: createRaceWatch(clock),
  }
  const pass = async () => {
    const result = await reconcileRollout('web/shop', deps)
    await clock.settle()
    return result
  }
  /** Every pod that is asked for is there and available, but those of the image named. */
  const play = async (except?: string) => {
    for (const rs of kube.all(kinds.replicaSets) as readonly ReplicaSet[]) {
      const replicas = JSON.stringify(rs.spec.template).includes(`"${except}"`) ? 0 : (rs.spec.replicas ?? 0)
      const status = { replicas, readyReplicas: replicas, availableReplicas: replicas }
      await kube.client.patch(kinds.refOf(kinds.replicaSets, rs), 'merge', { status })
    }
    await clock.settle()
  }
  /** Passes and pods, until nothing is left to do. */
  const rest = async (except?: string) => {
    for (let round = 0; round < 12; round++) {
      await pass()
      await play(except)
    }
  }
  const patch = async (body: object) => {
    await kube.client.patch(ref, 'merge', body)
    await clock.settle()
  }
  const read = () => kube.read(ref) as Rollout
  return { kube, told, pass, clock, play, rest, patch, read, ref }
}
