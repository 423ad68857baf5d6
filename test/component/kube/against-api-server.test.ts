/**
 * The runtime against the embedded API server over real sockets, with watches that break, fall silent and lag, compaction, and
 * writes that are applied without an answer. Bounds are generous; every wait is for a condition.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { applyJsonPatch, applyMergePatch, isPreconditionFailed } from '../../../controller/kube/apply.ts'
import { hasUnknownOutcome } from '../../../controller/kube/client.ts'
import { createEventRecorder } from '../../../controller/kube/events.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createHttpClient } from '../../../controller/kube/http-client.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { configMaps, events, httpRoutes, leases, refOf } from '../../../controller/kube/kinds.ts'
import { createLeaderElection } from '../../../controller/kube/lease.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { createFaults } from '../../../sandbox/api-server/faults.ts'
import { writeKubeconfig } from '../../../sandbox/api-server/kubeconfig.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'

const ports = { clock: systemClock, random: systemRandom, log: silentLogger }
const map = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
})

async function until(what: string, isSo: () => boolean | Promise<boolean>, boundMs = 10_000): Promise<void> {
  const endMs = systemClock.monotonicMs() + boundMs
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${boundMs} ms: ${what}`)
    await systemClock.sleep(10)
  }
}

async function setUp(t: TestContext, options: { silenceMs?: number; bookmarkIntervalMs?: number } = {}) {
  const faults = createFaults()
  const server = createApiServer({ faults, bookmarkIntervalMs: options.bookmarkIntervalMs ?? 60_000 })
  const { url } = await server.listen()
  const folder = mkdtempSync(join(tmpdir(), 'penstock-api-'))
  const kubeconfig = join(folder, 'config')
  await writeKubeconfig(kubeconfig, { url })
  const client = createHttpClient({ ...ports, kubeconfig, metrics: createMetricRegistry(), qps: 1_000, burst: 1_000 })
  const silence = options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }
  const informers = createInformers({ ...ports, client, ...silence })
  const cache = informers.for(configMaps)
  t.after(async () => {
    await informers.stop()
    await client.close()
    await server.close()
    rmSync(folder, { recursive: true })
  })
  informers.start()
  await until('caches are filled', () => informers.hasSynced())
  // Writes go past the faults of this client's connections.
  const outside = server.client()
  const hasSeen = (name: string) => () => cache.get('default', name) !== undefined
  return { faults, server, client, outside, informers, cache, hasSeen }
}

describe('the runtime against an API server', () => {
  test('events arrive, and after a dropped watch those that happened meanwhile', async (t) => {
    const { faults, outside, cache, hasSeen } = await setUp(t)
    await outside.create(configMaps, map('one'))
    await until('one is seen', hasSeen('one'))
    faults.dropWatches('configmaps')
    await outside.create(configMaps, map('two'))
    await outside.delete(refOf(configMaps, map('one')))
    await until('two is seen', hasSeen('two'))
    await until('one is gone', () => !hasSeen('one')())
    assert.equal(cache.get('default', 'two')?.kind, 'ConfigMap')
  })

  test('a silent watch is noticed and what it swallowed is found', async (t) => {
    const { faults, outside, hasSeen } = await setUp(t, { silenceMs: 400 })
    faults.silenceWatches('configmaps')
    await outside.create(configMaps, map('swallowed'))
    await until('swallowed is seen', hasSeen('swallowed'), 5_000)
  })

  test('bookmarks keep a quiet watch from being restarted', async (t) => {
    const { informers } = await setUp(t, { silenceMs: 600, bookmarkIntervalMs: 100 })
    await systemClock.sleep(1_000)
    const [health] = informers.health()
    assert.ok((health?.silentMs ?? Number.NaN) < 600, `silent for ${health?.silentMs} ms`)
  })

  test('a compacted history leads to a new list in which deletions show', async (t) => {
    const { faults, server, outside, cache, hasSeen } = await setUp(t)
    await outside.create(configMaps, map('old'))
    await until('old is seen', hasSeen('old'))
    faults.failNext({ verb: 'watch', plural: 'configmaps' }, 1, { code: 503, reason: 'ServiceUnavailable' })
    faults.dropWatches('configmaps')
    await outside.delete(refOf(configMaps, map('old')))
    await outside.create(configMaps, map('new'))
    server.compact()
    await until('new is seen', hasSeen('new'), 15_000)
    assert.equal(cache.get('default', 'old'), undefined)
  })

  test('the fence holds while events lag, and lets go when they arrive', async (t) => {
    const { faults, client, informers } = await setUp(t)
    const fence = createFence({ ...ports, client, caches: informers })
    faults.delayEvents('configmaps', 300)
    const written = await client.create(configMaps, map('mine'))
    fence.recordWrite('key', refOf(configMaps, written), written)
    assert.equal(fence.behind('key').length, 1)
    await until('the fence is open', () => fence.behind('key').length === 0)
    assert.equal(informers.find(configMaps)?.get('default', 'mine')?.metadata.uid, written.metadata.uid)
  })

  test('a write that was applied but never answered is found out by a live read', async (t) => {
    const { faults, client, informers, hasSeen } = await setUp(t)
    const fence = createFence({ ...ports, client, caches: informers })
    const ref = refOf(configMaps, map('unsure'))
    faults.cutNext({ verb: 'create', plural: 'configmaps' }, 1, { applied: true })
    await assert.rejects(client.create(configMaps, map('unsure')), hasUnknownOutcome)
    fence.recordUnknown('key', ref)
    assert.equal(fence.behind('key').length, 1)
    await fence.catchUp('key')
    await until('the fence is open', () => fence.behind('key').length === 0)
    assert.equal(hasSeen('unsure')(), true)
  })

  test('preconditions are kept by the server for every kind of patch', async (t) => {
    const { client } = await setUp(t)
    const created = await client.create(configMaps, map('guarded'))
    const ref = refOf(configMaps, created)
    const stale = { precondition: { resourceVersion: created.metadata.resourceVersion ?? '' } }
    const data = (value: string) => ({ data: { value } })
    await applyMergePatch(client, ref, data('1'), stale)
    await assert.rejects(applyMergePatch(client, ref, data('2'), stale), isPreconditionFailed)
    const add = [{ op: 'add' as const, path: '/data/value', value: '3' }]
    await assert.rejects(applyJsonPatch(client, ref, add, stale), isPreconditionFailed)
    const namesake = { precondition: { uid: 'another' } }
    await assert.rejects(applyMergePatch(client, ref, data('4'), namesake), isPreconditionFailed)
    await assert.rejects(applyJsonPatch(client, ref, add, namesake), isPreconditionFailed)
    const now = (await client.get(ref)) as { data?: { value?: string } } | undefined
    assert.equal(now?.data?.value, '1')
  })

  test('a kind that is not installed is no obstacle when optional', async (t) => {
    const { informers } = await setUp(t)
    informers.for(httpRoutes, { optional: true })
    await until('caches count as filled', () => informers.hasSynced())
    assert.equal(informers.unready(), undefined)
  })

  test('what is served is told over HTTP as in-process', async (t) => {
    const { client, outside } = await setUp(t)
    for (const discovery of [client, outside]) {
      assert.deepEqual(await discovery.listVersions('apps'), ['v1'])
      assert.ok((await discovery.listResources('apps', 'v1')).includes('deployments'))
      assert.ok(!(await discovery.listResources('apps', 'v1')).includes('deployments/scale'))
      assert.deepEqual(await discovery.listVersions('no.such.group'), [])
      assert.deepEqual(await discovery.listResources('apps', 'v9'), [])
    }
  })

  test('a leader holds a Lease that kubectl can read, and hands it over at the end', async (t) => {
    const { client } = await setUp(t)
    const options = { ...ports, client, namespace: 'default', name: 'argo-rollouts-controller-lock' }
    const first = createLeaderElection({ ...options, identity: 'first' })
    const second = createLeaderElection({ ...options, identity: 'second', retryPeriodMs: 200 })
    first.start()
    await until('first leads', () => first.mayWrite())
    second.start()
    await until('second knows the holder', () => second.holder() === 'first')
    assert.equal(second.mayWrite(), false)
    await first.stop()
    await until('second leads', () => second.mayWrite())
    const ref = { kind: leases, namespace: 'default', name: options.name }
    const lease = (await client.get(ref)) as { spec?: { holderIdentity?: string } } | undefined
    assert.equal(lease?.spec?.holderIdentity, 'second')
    await second.stop()
  })

  test('events are stored and counted', async (t) => {
    const { client } = await setUp(t)
    const recorder = createEventRecorder({ ...ports, client, component: 'rollouts-controller' })
    const target = await client.create(configMaps, map('subject'))
    for (let round = 0; round < 3; round += 1) recorder.record(target, 'Normal', 'Tested', 'it works')
    await recorder.flush()
    const { items } = await client.list<KubeObject & { count?: number }>(events, { namespace: 'default' })
    assert.deepEqual(
      items.map((event) => event.count),
      [3],
    )
  })
})
