import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { httpRoutes, pods } from '../../../controller/kube/kinds.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry, renderMetrics } from '../../../controller/runtime/metrics.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createScriptedKube, kubeFailure, listOf } from '../../fakes/scripted-kube.ts'

function setUp() {
  const clock = createFakeClock()
  const kube = createScriptedKube()
  const metrics = createMetricRegistry()
  const informers = createInformers({ client: kube.client, clock, random: seededRandom(5), log: silentLogger, metrics })
  return { clock, kube, metrics, informers }
}

const route: KubeObject = { metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '3' } }

describe('informers', () => {
  test('one watch per kind and selector, however many ask, with the indexes of all', async () => {
    const { clock, kube, informers } = setUp()
    const first = informers.for(pods, { indexers: { byName: (object) => [object.metadata.name] } })
    const second = informers.for(pods, { indexers: { byNamespace: (object) => [object.metadata.namespace ?? ''] } })
    informers.for(pods, { labelSelector: 'app=x' })
    assert.equal(first, second)
    informers.start()
    await clock.settle()
    assert.equal(kube.watches.length, 2)
    assert.deepEqual(first.byIndex('byNamespace', 'shop'), [])
    assert.equal(informers.find(pods), first)
    await informers.stop()
  })

  test('are ready when every cache is filled, and not when a watch has been silent too long', async () => {
    const { clock, kube, informers } = setUp()
    informers.for(pods)
    assert.match(informers.unready() ?? '', /pods not listed yet/)
    let synced: boolean | undefined
    void informers.waitForSync(new AbortController().signal).then((result) => {
      synced = result
    })
    kube.answerLists(kubeFailure(500), listOf('1'))
    informers.start()
    await clock.settle()
    assert.equal(synced, undefined)
    await clock.advance(2_000)
    assert.equal(synced, true)
    assert.equal(informers.unready(), undefined)
    kube.answerLists(kubeFailure(0, 'ConnectionLost'))
    kube.onWatch((watch) => watch.fail(kubeFailure(0, 'ConnectionLost')))
    kube.lastWatch().fail(kubeFailure(0, 'ConnectionLost'))
    await clock.advance(300_000)
    assert.equal(informers.unready(), undefined, 'a short outage is not a reason to be replaced')
    await clock.advance(60_000)
    assert.match(informers.unready() ?? '', /watch of pods silent for 3\d\d s/)
    await informers.stop()
  })

  test('a refresh shows what a stalled watch has kept back, back-off or not', async () => {
    const { clock, kube, informers } = setUp()
    const cache = informers.for(httpRoutes)
    informers.start()
    await clock.settle()
    kube.answerLists(kubeFailure(500))
    kube.onWatch((watch) => watch.fail(kubeFailure(500)))
    kube.lastWatch().fail(kubeFailure(500))
    // Lists fail as well by now, with pauses of many seconds.
    await clock.advance(120_000)
    kube.answerLists(listOf('9', route))
    kube.onWatch(() => {})
    let isCurrent: boolean | undefined
    void informers.refresh(new AbortController().signal).then((result) => {
      isCurrent = result
    })
    await clock.advance(100)
    assert.equal(isCurrent, true)
    assert.ok(cache.get('shop', 'web'))
    await informers.stop()
  })

  test('a refresh waits for a list that began after it, and gives up with its signal', async () => {
    const { clock, kube, informers } = setUp()
    informers.for(httpRoutes)
    informers.for(pods, { optional: true })
    informers.start()
    await clock.settle()
    kube.answerLists(kubeFailure(500))
    const giveUp = new AbortController()
    const refreshed = informers.refresh(giveUp.signal)
    await clock.advance(5_000)
    giveUp.abort()
    assert.equal(await refreshed, false)
    await informers.stop()
  })

  test('waitForSync gives up with its signal', async () => {
    const { clock, kube, informers } = setUp()
    kube.answerLists(kubeFailure(500))
    informers.for(pods)
    informers.start()
    const controller = new AbortController()
    const waiting = informers.waitForSync(controller.signal)
    await clock.settle()
    controller.abort()
    assert.equal(await waiting, false)
    await informers.stop()
  })

  test('an optional kind that is not installed counts as empty and is picked up when it appears', async () => {
    const { clock, kube, informers } = setUp()
    kube.answerLists(kubeFailure(404, 'NotFound'))
    const routes = informers.for(httpRoutes, { optional: true })
    informers.start()
    await clock.settle()
    assert.equal(informers.hasSynced(), true)
    assert.equal(informers.unready(), undefined)
    kube.answerLists(listOf('3', route))
    await clock.advance(31_000)
    assert.equal(routes.get('shop', 'web')?.metadata.name, 'web')
    await informers.stop()
  })

  test('a kind on demand is waited for until its list has been tried, and never makes the process unready', async () => {
    const { clock, kube, informers } = setUp()
    kube.answerLists(kubeFailure(500))
    const routes = informers.for(httpRoutes, { onDemand: true })
    assert.deepEqual([routes.state(), informers.hasSynced(), informers.unready()], ['filling', false, undefined])
    informers.start()
    await clock.settle()
    assert.deepEqual([routes.state(), informers.hasSynced(), informers.unready()], ['failing', true, undefined])
    kube.answerLists(listOf('3', route))
    await clock.advance(31_000)
    assert.deepEqual([routes.state(), routes.size()], ['filled', 1])
    await informers.stop()
  })

  test('a cache tells why it is empty or old, and when that changes', async () => {
    const { clock, kube, informers } = setUp()
    const routes = informers.for(httpRoutes, { onDemand: true })
    const states: string[] = []
    routes.subscribeState(() => states.push(`${routes.state()} ${routes.size()}`))
    kube.answerLists(kubeFailure(403), kubeFailure(404), listOf('3', route))
    informers.start()
    await clock.advance(10_000)
    const relist = async (answer: ReturnType<typeof kubeFailure>) => {
      kube.answerLists(answer)
      informers.relist(httpRoutes)
      await clock.advance(31_000)
    }
    await relist(kubeFailure(500))
    assert.deepEqual(states, ['forbidden 0', 'notServed 0', 'filled 1'], 'a passing failure takes nothing away')
    await relist(kubeFailure(403))
    assert.equal(states.at(-1), 'forbidden 1', 'what is held may be old')
    await relist(kubeFailure(404))
    assert.equal(states.at(-1), 'notServed 0')
    const stopped = informers.stop()
    await clock.advance(1_000)
    await stopped
  })

  test('a kind that must be there and is not keeps the process unready', async () => {
    const { clock, kube, informers } = setUp()
    kube.answerLists(kubeFailure(404, 'NotFound'))
    informers.for(httpRoutes)
    informers.start()
    await clock.settle()
    assert.equal(informers.hasSynced(), false)
    await informers.stop()
  })

  test('metrics tell the time of the last sign of life per kind', async () => {
    const { clock, kube, metrics, informers } = setUp()
    informers.for(pods)
    informers.start()
    await clock.advance(10_000)
    kube.lastWatch().emit({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '9' } } })
    await clock.settle()
    const text = await renderMetrics(metrics)
    const seconds = Date.UTC(2026, 0, 1) / 1000 + 10
    assert.ok(text.includes(`penstock_watch_last_event_timestamp_seconds{kind="pods"} ${seconds}`), text)
    await informers.stop()
  })
})
