/** The workload controllers against the embedded API server: exact pod counts, rollouts, Jobs, endpoints, budgets. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError } from '../../../controller/kube/client.ts'
import {
  deployments,
  endpointSlices,
  jobs,
  pods,
  refOf,
  replicaSets,
  services,
} from '../../../controller/kube/kinds.ts'
import { endpoints, nodes, podDisruptionBudgets } from '../../../sandbox/node/kinds.ts'
import {
  conditionOf,
  type Deployment,
  type EndpointSlice,
  isActive,
  isReady,
  type Job,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
} from '../../../sandbox/node/objects.ts'
import { type Cluster, deployment, job, NAMESPACE, replicaSet, service, template, withCluster } from './cluster.ts'
import { waitFor } from './waiting.ts'

const readyCount = async ({ list }: Cluster): Promise<number> => (await list<Pod>(pods)).filter(isReady).length

/** Every pod name that ever existed, from the watch, to catch pods that were created and deleted again. */
async function recordPods({ client, server }: Cluster): Promise<{ readonly names: Set<string>; stop(): void }> {
  const names = new Set<string>()
  const controller = new AbortController()
  const options = { resourceVersion: server.resourceVersion(), timeoutSeconds: 300, signal: controller.signal }
  const stream = client.watch<Pod>(pods, options)
  void (async () => {
    for await (const event of stream) if (event.type === 'ADDED') names.add(event.object.metadata.name)
  })()
  return { names, stop: () => controller.abort() }
}

const scaleTo = async ({ client }: Cluster, name: string, replicas: number): Promise<void> => {
  const ref = { kind: replicaSets, namespace: NAMESPACE, name }
  await client.patch(ref, 'merge', { spec: { replicas } }, { subresource: 'scale' })
}

describe('node', () => {
  test('registers itself ready', () =>
    withCluster(async ({ client, list }) => {
      await waitFor('node', async () => (await client.list(nodes)).items.length === 1)
      await waitFor('ready node', async () => {
        const [node] = (await client.list<Pod>(nodes)).items
        return conditionOf(node?.status?.conditions, 'Ready')?.status === 'True'
      })
      assert.deepEqual(await list(pods), [])
    }))
})

describe('ReplicaSet', () => {
  test('scales up and down to exactly what is asked for', () =>
    withCluster(async (cluster) => {
      const seen = await recordPods(cluster)
      await cluster.client.create(replicaSets, replicaSet('web', 20))
      await waitFor('20 ready', async () => (await readyCount(cluster)) === 20)
      await scaleTo(cluster, 'web', 35)
      await waitFor('35 ready', async () => (await readyCount(cluster)) === 35)
      assert.equal(seen.names.size, 35, 'pods were created more than once')
      await scaleTo(cluster, 'web', 4)
      await waitFor('4 left', async () => (await cluster.list(pods)).length === 4)
      const counts = { replicas: 4, readyReplicas: 4, availableReplicas: 4, fullyLabeledReplicas: 4 }
      await waitFor('status', async () => {
        const { status } = await cluster.read<ReplicaSet>(replicaSets, 'web')
        return Object.entries(counts).every(([field, count]) => (status as Record<string, unknown>)[field] === count)
      })
      const { status, metadata } = await cluster.read<ReplicaSet>(replicaSets, 'web')
      assert.equal(status?.observedGeneration, metadata.generation)
      assert.equal(seen.names.size, 35)
      seen.stop()
    }))

  test('a pod that is deleted is replaced once', () =>
    withCluster(async (cluster) => {
      const seen = await recordPods(cluster)
      await cluster.client.create(replicaSets, replicaSet('web', 3))
      await waitFor('3 ready', async () => (await readyCount(cluster)) === 3)
      const [first] = await cluster.list<Pod>(pods)
      assert.ok(first)
      await cluster.client.delete(refOf(pods, first))
      await waitFor('replacement', async () => seen.names.size === 4 && (await readyCount(cluster)) === 3)
      seen.stop()
    }))

  test('adopts matching orphans and releases pods whose labels have changed', () =>
    withCluster(async (cluster) => {
      const { client } = cluster
      const metadata = { name: 'orphan', namespace: NAMESPACE, labels: { app: 'web' } }
      const spec = { containers: [{ name: 'app', image: 'web:v1' }] }
      await client.create<Pod>(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec })
      await client.create(replicaSets, replicaSet('web', 2))
      await waitFor('2 ready', async () => (await readyCount(cluster)) === 2)
      const adopted = await cluster.read<Pod>(pods, 'orphan')
      assert.equal(adopted.metadata.ownerReferences?.[0]?.name, 'web')
      await client.patch(refOf(pods, adopted), 'merge', { metadata: { labels: { app: 'other' } } })
      await waitFor('released and replaced', async () => (await readyCount(cluster)) === 3)
      const released = await cluster.read<Pod>(pods, 'orphan')
      assert.deepEqual(released.metadata.ownerReferences ?? [], [])
    }))

  test('unhealthy pods go first', () =>
    withCluster(async (cluster) => {
      await cluster.client.create(replicaSets, replicaSet('web', 3))
      await waitFor('3 ready', async () => (await readyCount(cluster)) === 3)
      const [, sick] = await cluster.list<Pod>(pods)
      assert.ok(sick)
      const annotations = { 'sandbox.penstock.dev/ready': 'false' }
      await cluster.client.patch(refOf(pods, sick), 'merge', { metadata: { annotations } })
      await waitFor('one not ready', async () => (await readyCount(cluster)) === 2)
      await scaleTo(cluster, 'web', 2)
      await waitFor('2 left', async () => (await cluster.list(pods)).length === 2)
      assert.equal(await readyCount(cluster), 2)
    }))

  test('deletion takes the pods along', () =>
    withCluster(async (cluster) => {
      await cluster.client.create(replicaSets, replicaSet('web', 3))
      await waitFor('3 ready', async () => (await readyCount(cluster)) === 3)
      const ref = { kind: replicaSets, namespace: NAMESPACE, name: 'web' }
      await cluster.client.delete(ref, { propagationPolicy: 'Background' })
      await waitFor('all gone', async () => (await cluster.list(pods)).length === 0)
    }))

  test('a selector that does not match its own template makes no pods', () =>
    withCluster(async (cluster) => {
      const wrong = replicaSet('wrong', 2, template('web:v1', {}, { labels: { app: 'other' } }))
      // A server that validates refuses it; the controller must be safe with one that does not.
      await cluster.client.create(replicaSets, wrong).catch((error: unknown) => assert.ok(error instanceof KubeError))
      await cluster.client.create(replicaSets, replicaSet('web', 2))
      await waitFor('2 ready', async () => (await readyCount(cluster)) === 2)
      assert.equal((await cluster.list(pods)).length, 2)
    }))

  for (const [image, reason] of [
    ['web:error', 'ImagePullBackOff'],
    ['web-does-not-exist:v1', 'ImagePullBackOff'],
  ]) {
    test(`image ${image} never gets ready`, () =>
      withCluster(async (cluster) => {
        await cluster.client.create(replicaSets, replicaSet('web', 1, template(image)))
        await waitFor('reason', async () => {
          const [pod] = await cluster.list<Pod>(pods)
          return pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === reason
        })
        assert.equal(await readyCount(cluster), 0)
      }))
  }
})

describe('Deployment', () => {
  const isDone = async ({ read }: Cluster): Promise<boolean> => {
    const { status, metadata, spec } = await read<Deployment>(deployments, 'web')
    return (
      status?.observedGeneration === metadata.generation &&
      status?.updatedReplicas === spec.replicas &&
      status?.replicas === spec.replicas &&
      status?.availableReplicas === spec.replicas
    )
  }

  test('rolls over to a new template, never below what must be available, and back by revision', () =>
    withCluster(async (cluster) => {
      const { client, read } = cluster
      await client.create(deployments, deployment('web', 8))
      await waitFor('first rollout', () => isDone(cluster))
      const ref = { kind: deployments, namespace: NAMESPACE, name: 'web' }
      await client.patch(ref, 'merge', { spec: { template: template('web:v2') } })
      let fewest = 8
      let most = 8
      await waitFor('second rollout', async () => {
        const all = await cluster.list<Pod>(pods)
        fewest = Math.min(fewest, all.filter((pod) => isActive(pod) && isReady(pod)).length)
        most = Math.max(most, all.filter(isActive).length)
        return isDone(cluster)
      })
      assert.ok(fewest >= 6, `${fewest} of 8 were available`)
      assert.ok(most <= 10, `${most} pods existed`)
      const { metadata, status } = await read<Deployment>(deployments, 'web')
      assert.equal(metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
      assert.equal(conditionOf(status?.conditions, 'Progressing')?.reason, 'NewReplicaSetAvailable')
      await client.patch(ref, 'merge', { spec: { template: template('web:v1') } })
      await waitFor('third rollout', () => isDone(cluster))
      assert.equal((await cluster.list(replicaSets)).length, 2, 'the first ReplicaSet is used again')
      const back = await read<Deployment>(deployments, 'web')
      assert.equal(back.metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
    }))

  test('a bad image stops the rollout and keeps the old pods', () =>
    withCluster(async (cluster) => {
      const { client, read } = cluster
      await client.create(deployments, deployment('web', 4))
      await waitFor('first rollout', () => isDone(cluster))
      const ref = { kind: deployments, namespace: NAMESPACE, name: 'web' }
      const spec = { template: template('web:error'), progressDeadlineSeconds: 1 }
      await client.patch(ref, 'merge', { spec })
      await waitFor('deadline', async () => {
        const { status } = await read<Deployment>(deployments, 'web')
        return conditionOf(status?.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded'
      })
      assert.equal(await readyCount(cluster), 3)
    }))

  test('a paused Deployment keeps its template and follows its scale', () =>
    withCluster(async (cluster) => {
      const { client } = cluster
      await client.create(deployments, deployment('web', 2))
      await waitFor('first rollout', () => isDone(cluster))
      const ref = { kind: deployments, namespace: NAMESPACE, name: 'web' }
      await client.patch(ref, 'merge', { spec: { paused: true, replicas: 5, template: template('web:v2') } })
      await waitFor('scale', async () => (await readyCount(cluster)) === 5)
      assert.equal((await cluster.list(replicaSets)).length, 1)
      await client.patch(ref, 'merge', { spec: { paused: false } })
      await waitFor('rollout', () => isDone(cluster))
      assert.equal((await cluster.list(replicaSets)).length, 2)
    }))
})

describe('Job', () => {
  const ends: readonly [title: string, script: string, spec: object, type: string, reason: string | undefined][] = [
    ['success', 'sleep 0.1 && exit 0', {}, 'Complete', undefined],
    ['failure without retries', 'exit 3', { backoffLimit: 0 }, 'Failed', 'BackoffLimitExceeded'],
    ['deadline', 'sleep 60', { activeDeadlineSeconds: 1 }, 'Failed', 'DeadlineExceeded'],
    ['three completions, two at a time', 'exit 0', { completions: 3, parallelism: 2 }, 'Complete', undefined],
  ]
  for (const [title, script, spec, type, reason] of ends) {
    test(title, () =>
      withCluster(async (cluster) => {
        await cluster.client.create(jobs, job('check', script, spec))
        const statusOf = async (): Promise<Job['status']> => (await cluster.read<Job>(jobs, 'check')).status
        await waitFor(
          type,
          async () => conditionOf((await statusOf())?.conditions, type)?.status === 'True',
          () => '',
        )
        const status = await statusOf()
        if (reason !== undefined) assert.equal(conditionOf(status?.conditions, type)?.reason, reason)
        const wanted = (spec as { completions?: number }).completions ?? 1
        assert.equal(status?.succeeded ?? 0, type === 'Complete' ? wanted : 0)
        await waitFor('nothing runs', async () => !(await cluster.list<Pod>(pods)).some(isActive))
        const [pod] = await cluster.list<Pod>(pods)
        if (title === 'failure without retries') {
          assert.equal(pod?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 3)
        }
      }),
    )
  }
})

describe('endpoints and budgets', () => {
  const readyAddresses = async ({ list }: Cluster): Promise<readonly string[]> => {
    const slices = await list<EndpointSlice>(endpointSlices)
    const entries = slices.flatMap((slice) => slice.endpoints ?? []) as {
      addresses: string[]
      conditions: { ready: boolean }
    }[]
    return entries.filter((entry) => entry.conditions.ready).flatMap((entry) => entry.addresses)
  }

  test('EndpointSlices and Endpoints follow the ready pods, and go with the Service', () =>
    withCluster(async (cluster) => {
      const { client, list, read } = cluster
      await client.create(services, service('web'))
      await client.create(replicaSets, replicaSet('web', 3))
      await waitFor('3 endpoints', async () => (await readyAddresses(cluster)).length === 3)
      const addresses = (await list<Pod>(pods)).map((pod) => pod.status?.podIP)
      assert.deepEqual(new Set(await readyAddresses(cluster)), new Set(addresses))
      const [pod] = await list<Pod>(pods)
      assert.ok(pod)
      const annotations = { 'sandbox.penstock.dev/ready': 'false' }
      await client.patch(refOf(pods, pod), 'merge', { metadata: { annotations } })
      await waitFor('2 endpoints', async () => (await readyAddresses(cluster)).length === 2)
      await waitFor('Endpoints', async () => JSON.stringify(await read(endpoints, 'web')).includes('notReadyAddresses'))
      await client.delete({ kind: services, namespace: NAMESPACE, name: 'web' })
      await waitFor('no slices', async () => (await list(endpointSlices)).length === 0)
      await waitFor('no Endpoints', async () => (await list(endpoints)).length === 0)
    }))

  test('eviction is refused once the budget is spent', () =>
    withCluster(async (cluster) => {
      const { client, list, read } = cluster
      const metadata = { name: 'web', namespace: NAMESPACE }
      const spec = { minAvailable: 2, selector: { matchLabels: { app: 'web' } } }
      const budget: PodDisruptionBudget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata, spec }
      await client.create(podDisruptionBudgets, budget)
      await client.create(
        replicaSets,
        replicaSet(
          'web',
          3,
          template('web:v1', {}, { annotations: { 'sandbox.penstock.dev/terminate-delay-ms': '500' } }),
        ),
      )
      await waitFor('one disruption', async () => {
        const { status } = await read<PodDisruptionBudget>(podDisruptionBudgets, 'web')
        return status?.disruptionsAllowed === 1
      })
      const [first, second] = await list<Pod>(pods)
      assert.ok(first && second)
      const evict = (pod: Pod): Promise<void> => {
        const { name, namespace } = pod.metadata
        const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }
        return client.postSubresource(refOf(pods, pod), 'eviction', body)
      }
      await evict(first)
      await assert.rejects(evict(second), (error) => error instanceof KubeError && error.code === 429)
      await waitFor('replacement and budget', async () => {
        const { status } = await read<PodDisruptionBudget>(podDisruptionBudgets, 'web')
        return (
          status?.disruptionsAllowed === 1 &&
          !(await list<Pod>(pods)).some((pod) => pod.metadata.uid === first.metadata.uid)
        )
      })
    }))
})
