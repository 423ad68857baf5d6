/** Real processes through the API: ready by a real probe, endpoints follow, deletion honours SIGTERM and grace, stop leaves none. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endpointSlices, jobs, pods, refOf, replicaSets, services } from '../../../controller/kube/kinds.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { type EndpointSlice, isReady, type Pod } from '../../../sandbox/node/objects.ts'
import { createProcessRuntime, type ProcessRuntime } from '../../../sandbox/node/processes/process-runtime.ts'
import { type Cluster, job, NAMESPACE, replicaSet, service, template, withCluster } from './cluster.ts'
import { isAlive, waitFor } from './waiting.ts'

const app = {
  command: [process.execPath, 'app.js'],
  ports: [{ name: 'http', containerPort: 8080 }],
  readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 1 },
}
const image = 'process.penstock.dev/app:v1'

async function withProcesses(check: (cluster: Cluster, runtime: ProcessRuntime) => Promise<void>): Promise<void> {
  const processes = createProcessRuntime({
    clock: systemClock,
    workingDirectory: fileURLToPath(new URL('.', import.meta.url)),
    baseEnv: { PATH: process.env.PATH ?? '' },
    stopGraceMs: 300,
  })
  await withCluster((cluster) => check(cluster, processes), { processes })
}

const readPods = async ({ list }: Cluster): Promise<readonly Pod[]> => list<Pod>(pods)
const pidOf = (runtime: ProcessRuntime, pod: Pod): number =>
  Number(/pid=(\d+)/.exec(runtime.readLog(NAMESPACE, pod.metadata.name) ?? '')?.[1])

interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean }
}

const readEndpoints = async ({ list }: Cluster): Promise<readonly Endpoint[]> =>
  (await list<EndpointSlice>(endpointSlices)).flatMap((slice) => (slice.endpoints ?? []) as readonly Endpoint[])

describe('pods as processes', () => {
  test('each pod answers on its own loopback address once it is ready, and its endpoint with it', () =>
    withProcesses(async (cluster) => {
      await cluster.client.create(services, service('web'))
      await cluster.client.create(replicaSets, replicaSet('web', 3, template(image, app)))
      await waitFor('ready endpoints', async () => {
        const entries = await readEndpoints(cluster)
        return entries.filter((entry) => entry.conditions.ready).length === 3
      })
      const running = await readPods(cluster)
      assert.equal(new Set(running.map((pod) => pod.status?.podIP)).size, 3)
      for (const pod of running) {
        assert.match(pod.status?.podIP ?? '', /^127\./)
        const answer = await fetch(`http://${pod.status?.podIP}:8080/`)
        assert.equal(await answer.text(), pod.metadata.name)
      }
      const [first] = running
      await fetch(`http://${first?.status?.podIP}:8080/unready`)
      await waitFor('one endpoint not ready', async () => {
        const entries = await readEndpoints(cluster)
        return entries.find((entry) => entry.addresses[0] === first?.status?.podIP)?.conditions.ready === false
      })
    }))

  test('deletion marks the endpoint terminating, sends SIGTERM after preStop, and removes the pod when the process is gone', () =>
    withProcesses(async (cluster, runtime) => {
      const preStop = { sleep: { seconds: 1 } }
      await cluster.client.create(services, service('web'))
      await cluster.client.create(
        replicaSets,
        replicaSet('web', 1, template(image, { ...app, lifecycle: { preStop } })),
      )
      await waitFor('ready', async () => (await readPods(cluster)).some(isReady))
      const [pod] = await readPods(cluster)
      assert.ok(pod)
      const pid = pidOf(runtime, pod)
      await cluster.client.delete({ kind: replicaSets, namespace: NAMESPACE, name: 'web' })
      await waitFor('terminating and still serving', async () => {
        const [entry] = await readEndpoints(cluster)
        return entry?.conditions.terminating === true && entry.conditions.serving && !entry.conditions.ready
      })
      assert.ok(isAlive(pid), 'killed during preStop')
      await waitFor('pod gone', async () => (await readPods(cluster)).length === 0)
      assert.ok(!isAlive(pid))
    }))

  test('annotation ready: false wins over a probe that succeeds', () =>
    withProcesses(async (cluster) => {
      await cluster.client.create(replicaSets, replicaSet('web', 1, template(image, app)))
      await waitFor('ready', async () => (await readPods(cluster)).some(isReady))
      const [pod] = await readPods(cluster)
      assert.ok(pod)
      const annotate = (ready: string): Promise<unknown> =>
        cluster.client.patch(refOf(pods, pod), 'merge', {
          metadata: { annotations: { 'sandbox.penstock.dev/ready': ready } },
        })
      await annotate('false')
      await waitFor('not ready', async () => !(await readPods(cluster)).some(isReady))
      await annotate('true')
      await waitFor('ready again', async () => (await readPods(cluster)).some(isReady))
    }))

  test('grace 0 kills at once', () =>
    withProcesses(async (cluster, runtime) => {
      const stubborn = { ...app, command: [...app.command, '--ignore-sigterm'] }
      await cluster.client.create(replicaSets, replicaSet('web', 1, template(image, stubborn)))
      await waitFor('ready', async () => (await readPods(cluster)).some(isReady))
      const [pod] = await readPods(cluster)
      assert.ok(pod)
      const pid = pidOf(runtime, pod)
      await cluster.client.delete(refOf(pods, pod), { gracePeriodSeconds: 0 })
      await waitFor('killed', () => !isAlive(pid))
    }))

  test('a Job of a real process ends with its exit code', () =>
    withProcesses(async (cluster) => {
      const command = [process.execPath, '-e', 'process.exit(Number(process.env.CODE))']
      const env = [{ name: 'CODE', value: '4' }]
      const containers = [{ name: 'app', image, command, env }]
      const spec = { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers } } }
      await cluster.client.create(jobs, job('check', '', spec))
      await waitFor('failed pod', async () => (await readPods(cluster))[0]?.status?.phase === 'Failed')
      const [pod] = await readPods(cluster)
      assert.equal(pod?.status?.containerStatuses?.[0]?.state?.terminated?.exitCode, 4)
    }))

  test('nothing is left behind after stop, stubborn and crashing processes included', async () => {
    const pids: number[] = []
    await withProcesses(async (cluster, runtime) => {
      const stubborn = { ...app, command: [...app.command, '--ignore-sigterm'] }
      await cluster.client.create(replicaSets, replicaSet('web', 2, template(image, stubborn)))
      const metadata = { name: 'crash', namespace: NAMESPACE }
      const containers = [{ name: 'app', image, command: ['/no/such/program'] }]
      await cluster.client.create<Pod>(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } })
      await waitFor('ready', async () => (await readPods(cluster)).filter(isReady).length === 2)
      await waitFor('back-off', async () => {
        const crashed = await cluster.read<Pod>(pods, 'crash')
        return crashed.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff'
      })
      for (const pod of (await readPods(cluster)).filter(isReady)) pids.push(pidOf(runtime, pod))
    })
    assert.equal(pids.length, 2)
    assert.deepEqual(pids.filter(isAlive), [])
  })
})
