/**
 * What the controller does with live pods, on a real store with a ReplicaSet and a disruption controller beside it: restarts within a budget,
 * labels that follow a role and heal after a crash, and no request about pods without need.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../../controller/api/pod.ts'
import { type KubeClient, KubeError } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { podDisruptionBudgets } from '../../../sandbox/node/kinds.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from './live-cluster.ts'

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true

async function untilHealthy(live: Live): Promise<void> {
  const phase = async () => (await live.rollout()).status
  let last: unknown
  await waitFor(
    'Healthy',
    async () => {
      last = await phase()
      return (await phase())?.phase === 'Healthy'
    },
    () => last,
  )
}

/** The API server stamps whole seconds: a restart in the second of a pod's birth would not be later. */
async function nextSecond(): Promise<string> {
  const next = Math.floor(Date.now() / 1000) * 1000 + 1000
  await waitFor('the next second', () => Date.now() >= next)
  return new Date(next).toISOString().replace('.000', '')
}

describe('a restart', () => {
  test('replaces every pod, and never takes more than may be missing', async () => {
    await withController(async (live) => {
      await live.create(kinds.rollouts, shop({}))
      await untilHealthy(live)
      assert.deepEqual(live.podRequests, [], 'nobody asks about pods at rest')
      const before = new Set((await live.pods()).map((pod) => pod.metadata.uid))
      const restartAt = await nextSecond()
      await live.patch(kinds.rollouts, 'shop', { spec: { restartAt } })
      let fewest = 3
      await waitFor('the restart to end', async () => {
        fewest = Math.min(fewest, (await live.pods()).filter(isReady).length)
        return (await live.rollout()).status?.restartedAt === restartAt
      })
      const after = (await live.pods()).map((pod) => pod.metadata.uid)
      assert.equal(after.length, 3)
      assert.ok(after.every((uid) => !before.has(uid)))
      assert.ok(fewest >= 2, `${fewest} pods were ready at some moment`)
      await untilHealthy(live)
      const asked = live.podRequests.length
      await live.patch(kinds.rollouts, 'shop', { metadata: { annotations: { nudge: '1' } } })
      await waitFor('another pass', async () => true)
      assert.equal(live.podRequests.length, asked)
    })
  })

  test('waits for a PodDisruptionBudget, and says so', async () => {
    await withController(async (live) => {
      const budget = (minAvailable: number) => ({
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'shop', namespace: NAMESPACE },
        spec: { minAvailable, selector: { matchLabels: { app: 'shop' } } },
      })
      await live.create(podDisruptionBudgets, budget(3))
      await live.create(kinds.rollouts, shop({}))
      await untilHealthy(live)
      const before = (await live.pods()).map((pod) => pod.metadata.uid ?? '').sort()
      const restartAt = await nextSecond()
      await live.patch(kinds.rollouts, 'shop', { spec: { restartAt } })
      await waitFor(
        'a refusal',
        () => live.told.some((text) => text.startsWith('EvictionRefused')),
        () => live.told,
      )
      assert.match(live.told.find((text) => text.startsWith('EvictionRefused')) ?? '', /disruption budget/)
      assert.deepEqual((await live.pods()).map((pod) => pod.metadata.uid ?? '').sort(), before)
      assert.equal((await live.rollout()).status?.message, 'rollout is restarting')
      await live.patch(podDisruptionBudgets, 'shop', { spec: { minAvailable: 2 } })
      let nudge = 0
      await waitFor(
        'the restart to end',
        async () => {
          nudge += 1
          // Half a minute is too long for a test: any change of the Rollout is a reason to look again.
          await live.patch(kinds.rollouts, 'shop', { metadata: { annotations: { nudge: String(nudge) } } })
          return (await live.rollout()).status?.restartedAt === restartAt
        },
        () => live.podRequests.slice(-8),
      )
      assert.ok((await live.pods()).every((pod) => !before.includes(pod.metadata.uid ?? '')))
    })
  })

  test('of the only pod has another one ready first', async () => {
    await withController(async (live) => {
      await live.create(kinds.rollouts, shop({ replicas: 1, strategy: { canary: {} } }))
      await untilHealthy(live)
      const restartAt = await nextSecond()
      await live.patch(kinds.rollouts, 'shop', { spec: { restartAt } })
      let fewest = 1
      await waitFor('the restart to end', async () => {
        fewest = Math.min(fewest, (await live.pods()).filter(isReady).length)
        return (await live.rollout()).status?.restartedAt === restartAt
      })
      assert.equal(fewest, 1)
      await untilHealthy(live)
      assert.equal((await live.pods()).length, 1)
    })
  })

  test('that may not read pods says so and stops nothing else', async () => {
    const forbidden = (client: KubeClient): KubeClient => ({
      ...client,
      list: async (kind, options) => {
        if (kind === kinds.pods) throw new KubeError({ code: 403, reason: 'Forbidden', message: 'no pods' }, 'list')
        return client.list(kind, options)
      },
    })
    await withController(async (live) => {
      await live.create(kinds.rollouts, shop({}))
      await untilHealthy(live)
      await live.patch(kinds.rollouts, 'shop', { spec: { restartAt: await nextSecond(), replicas: 4 } })
      await waitFor('the scaling', async () => (await live.pods()).length === 4)
      assert.equal((await live.rollout()).status?.restartedAt, undefined)
    }, forbidden)
  })
})

describe('role metadata', () => {
  const roles = {
    canaryMetadata: { labels: { role: 'canary' } },
    stableMetadata: { labels: { role: 'stable' } },
  }
  const labels = async (live: Live) =>
    (await live.pods())
      .map((pod) => pod.metadata.labels?.role ?? '-')
      .sort()
      .join(' ')
  const spec = { replicas: 2, strategy: { canary: { ...roles, steps: [{ setWeight: 50 }, { pause: {} }] } } }
  const image = (name: string) => ({ spec: { template: { spec: { containers: [{ name: 'app', image: name }] } } } })
  const promote = (live: Live) =>
    live.client.patch(
      { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' },
      'merge',
      { status: { pauseConditions: null } },
      { subresource: 'status' },
    )

  async function play(live: Live): Promise<void> {
    await live.create(kinds.rollouts, shop(spec))
    await untilHealthy(live)
    assert.equal(await labels(live), 'stable stable')
    const names = new Set((await live.pods()).map((pod) => pod.metadata.name))
    await live.patch(kinds.rollouts, 'shop', image('shop:2'))
    await waitFor('the pause', async () => (await live.rollout()).status?.phase === 'Paused')
    assert.equal(await labels(live), 'canary stable')
    assert.deepEqual(live.podRequests, [], 'pods are born with theirs')
    const canary = (await live.pods()).find((pod) => !names.has(pod.metadata.name))
    await promote(live)
    await waitFor(
      'the promotion',
      async () => (await labels(live)) === 'stable stable',
      () => live.podRequests,
    )
    await waitFor('the mark to go', async () =>
      (await live.replicaSets()).every(
        (rs) => rs.metadata.annotations?.['penstock.dev/pending-pod-metadata'] === undefined,
      ),
    )
    const kept = (await live.pods()).find((pod) => pod.metadata.uid === canary?.metadata.uid)
    assert.equal(kept?.metadata.labels?.role, 'stable', 'the pod was relabelled, not replaced')
  }

  test('goes with the revision, and no pod is replaced for it', () => withController(play))

  test('heals when the controller loses a write between template and pods', async () => {
    let failures = 0
    const unlucky = (client: KubeClient): KubeClient => ({
      ...client,
      patch: async (ref, patch, body, options) => {
        if (ref.kind !== kinds.pods || failures >= 2) return client.patch(ref, patch, body, options)
        failures += 1
        throw new KubeError({ code: 503, reason: 'ServiceUnavailable', message: 'not now' }, 'patch')
      },
    })
    await withController(play, unlucky)
    assert.equal(failures, 2)
  })

  test('a pod that vanishes meanwhile is no failure', async () => {
    const gone: string[] = []
    const racing = (client: KubeClient): KubeClient => ({
      ...client,
      patch: async (ref, patch, body, options) => {
        if (ref.kind === kinds.pods && gone.length === 0) {
          gone.push(ref.name)
          await client.delete(ref, { gracePeriodSeconds: 0 })
        }
        return client.patch(ref, patch, body, options)
      },
    })
    await withController(async (live) => {
      await live.create(kinds.rollouts, shop(spec))
      await untilHealthy(live)
      await live.patch(kinds.rollouts, 'shop', image('shop:2'))
      await waitFor('the pause', async () => (await live.rollout()).status?.phase === 'Paused')
      await promote(live)
      await waitFor(
        'the promotion',
        async () => (await labels(live)) === 'stable stable',
        () => live.podRequests,
      )
      assert.equal(gone.length, 1)
      assert.deepEqual(
        live.told.filter((text) => text.startsWith('ReconciliationError')),
        [],
      )
    }, racing)
  })
})

describe('a workload', () => {
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', namespace: NAMESPACE },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'shop' } },
      template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } },
    },
  }
  const following = () => {
    const { template: _template, selector: _selector, ...spec } = shop({}).spec
    return {
      ...shop({}),
      spec: {
        ...spec,
        workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', scaleDown: 'progressively' },
      },
    }
  }
  const ownPods = async (live: Live) =>
    (await live.pods()).filter(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'])
  const replicasOf = async (live: Live) =>
    (await live.client.get<typeof deployment>({ kind: kinds.deployments, namespace: NAMESPACE, name: 'shop' }))?.spec
      .replicas

  async function migrate(live: Live): Promise<void> {
    await live.create(kinds.deployments, deployment)
    await waitFor('the pods of the Deployment', async () => (await live.pods()).filter(isReady).length === 3)
    await live.create(kinds.rollouts, following())
    let fewest = 3
    await waitFor('the hand-over', async () => {
      fewest = Math.min(fewest, (await live.pods()).filter(isReady).length)
      return (await replicasOf(live)) === 0
    })
    assert.ok(fewest >= 2, `${fewest} pods were ready at some moment`)
    await untilHealthy(live)
    assert.equal((await ownPods(live)).length, 3)
    const template = { spec: { template: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } } }
    await live.client.patch({ kind: kinds.deployments, namespace: NAMESPACE, name: 'shop' }, 'strategic', template)
    await waitFor('the update', async () => {
      const { status, metadata } = await live.rollout()
      const seen = status?.workloadObservedGeneration
      return (
        metadata.annotations?.['rollout.argoproj.io/revision'] === '2' &&
        seen === metadata.annotations['rollout.argoproj.io/workload-generation'] &&
        status?.phase === 'Healthy'
      )
    })
    assert.equal(await replicasOf(live), 0)
  }

  test('hands over its pods and leads every update after that', () => withController(migrate))

  const forbidding =
    (verbs: readonly string[]) =>
    (client: KubeClient): KubeClient => {
      const refuse = (verb: string, kind: unknown): void => {
        if (kind === kinds.deployments && verbs.includes(verb))
          throw new KubeError({ code: 403, reason: 'Forbidden', message: `cannot ${verb} deployments` }, verb)
      }
      return {
        ...client,
        async list(kind, options) {
          refuse('list', kind)
          return client.list(kind, options)
        },
        async get(ref) {
          refuse('get', ref.kind)
          return client.get(ref)
        },
      }
    }

  test('that may only be read one by one is read so', async () => {
    await withController(
      async (live) => {
        await live.create(kinds.deployments, deployment)
        await live.create(kinds.rollouts, following())
        await untilHealthy(live)
        await waitFor('the watch that is refused to count for nothing', () => !live.unready().includes('deployments'))
      },
      forbidding(['list']),
    )
  })

  test('that may not be read at all is named on the Rollout, and others go on', async () => {
    await withController(
      async (live) => {
        await live.create(kinds.rollouts, following())
        await waitFor('InvalidSpec', async () =>
          /cannot get deployments/.test((await live.rollout()).status?.message ?? ''),
        )
        const { spec, ...rest } = shop({ selector: { matchLabels: { app: 'other' } } })
        const template = { ...spec.template, metadata: { labels: { app: 'other' } } }
        await live.create(kinds.rollouts, {
          ...rest,
          metadata: { ...rest.metadata, name: 'other' },
          spec: { ...spec, template },
        } as typeof rest)
        await waitFor('the other Rollout', async () => (await live.pods()).filter(isReady).length === 3)
        await waitFor('the watch that is refused to count for nothing', () => !live.unready().includes('deployments'))
      },
      forbidding(['list', 'get']),
    )
  })
})
