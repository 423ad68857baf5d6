import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { createCache } from '../../../controller/kube/cache.ts'
import { pods } from '../../../controller/kube/kinds.ts'
import { createReflector } from '../../../controller/kube/reflector.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createScriptedKube, kubeFailure, listOf } from '../../fakes/scripted-kube.ts'

const pod = (name: string, resourceVersion: string, uid = `uid-${name}`): KubeObject => ({
  metadata: { name, namespace: 'shop', uid, resourceVersion },
})

function setUp(options: { ignoresAbort?: boolean; seed?: number } = {}) {
  const clock = createFakeClock()
  const kube = createScriptedKube(options)
  const cache = createCache<KubeObject>({ name: 'pods', log: silentLogger })
  const reflector = createReflector<KubeObject>({
    client: kube.client,
    kind: pods,
    sink: cache,
    clock,
    random: seededRandom(options.seed ?? 1),
    log: silentLogger,
  })
  const names = (): string[] => cache.list().map((object) => object.metadata.name)
  return { clock, kube, cache, reflector, names }
}

describe('reflector', () => {
  test('lists, then watches from the resourceVersion of the list, with bookmarks moving it on', async () => {
    const { clock, kube, cache, reflector, names } = setUp()
    kube.answerLists(listOf('10', pod('a', '5')))
    reflector.start()
    assert.equal(reflector.hasSynced(), false)
    await clock.settle()
    assert.equal(reflector.hasSynced(), true)
    assert.equal(kube.lastWatch().options.resourceVersion, '10')
    const { timeoutSeconds } = kube.lastWatch().options
    assert.ok(timeoutSeconds >= 300 && timeoutSeconds <= 600)
    kube.lastWatch().emit({ type: 'ADDED', object: pod('b', '11') })
    kube.lastWatch().emit({ type: 'MODIFIED', object: pod('a', '12') })
    kube.lastWatch().emit({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } })
    await clock.settle()
    assert.deepEqual(names(), ['a', 'b'])
    assert.equal(cache.resourceVersion(), '20')
    assert.equal(cache.get('shop', 'a')?.kind, 'Pod')
    assert.equal(cache.get('shop', 'a')?.apiVersion, 'v1')
    kube.lastWatch().emit({ type: 'DELETED', object: pod('a', '21') })
    await clock.settle()
    assert.deepEqual(names(), ['b'])
    await reflector.stop()
  })

  test('reads the list in pages and begins again when the page token expires', async () => {
    const { clock, kube, reflector, names } = setUp()
    const firstPage = { metadata: { resourceVersion: '10', continue: 'token' }, items: [pod('a', '5')] }
    kube.answerLists(firstPage, kubeFailure(410, 'Expired'), firstPage, listOf('12', pod('b', '6')))
    reflector.start()
    await clock.settle()
    assert.deepEqual(names(), ['a', 'b'])
    assert.deepEqual(
      kube.lists.map((list) => [list.limit, list.continue]),
      [
        [500, undefined],
        [500, 'token'],
        [500, undefined],
        [500, 'token'],
      ],
    )
    await reflector.stop()
  })

  for (const [how, end] of [
    ['as an ERROR event', 'event'],
    ['as an HTTP status', 'status'],
  ] as const) {
    test(`410 ${how} leads to a new list whose differences include deletions`, async () => {
      const { clock, kube, reflector, names } = setUp()
      kube.answerLists(listOf('10', pod('a', '5'), pod('b', '6')), listOf('30', pod('b', '6'), pod('c', '28')))
      reflector.start()
      await clock.settle()
      if (end === 'event') kube.lastWatch().emit({ type: 'ERROR', object: { code: 410, reason: 'Expired' } })
      else kube.lastWatch().fail(kubeFailure(410, 'Gone'))
      await clock.advance(2_000)
      assert.deepEqual(names(), ['b', 'c'])
      assert.equal(kube.lastWatch().options.resourceVersion, '30')
      await reflector.stop()
    })
  }

  test('a list that keeps failing after 410 is repeated with growing, jittered delays until it succeeds', async () => {
    const { clock, kube, reflector, names } = setUp()
    reflector.start()
    await clock.settle()
    kube.answerLists(kubeFailure(500))
    kube.lastWatch().fail(kubeFailure(410))
    await clock.advance(120_000)
    const tries = kube.lists.length - 1
    assert.ok(tries >= 5 && tries <= 10, `${tries} lists in two minutes`)
    kube.answerLists(listOf('40', pod('z', '39')))
    await clock.advance(30_000)
    assert.deepEqual(names(), ['z'])
    await reflector.stop()
  })

  test('a server that closes every watch at once is not hammered, and events still arrive', async () => {
    const { clock, kube, reflector, names } = setUp()
    kube.onWatch((watch) => watch.close())
    reflector.start()
    await clock.advance(60_000)
    assert.ok(kube.watches.length <= 12, `${kube.watches.length} watches in a minute`)
    assert.ok(kube.lists.length <= 6, `${kube.lists.length} lists in a minute`)
    kube.onWatch((watch) => watch.emit({ type: 'ADDED', object: pod('late', '50') }))
    await clock.advance(31_000)
    assert.deepEqual(names(), ['late'])
    await reflector.stop()
  })

  test('a watch that ends after a healthy time is resumed at once from where it was', async () => {
    const { clock, kube, reflector } = setUp()
    reflector.start()
    await clock.settle()
    kube.lastWatch().emit({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } })
    await clock.advance(40_000)
    kube.lastWatch().close()
    await clock.advance(101)
    assert.equal(kube.watches.length, 2)
    assert.equal(kube.lastWatch().options.resourceVersion, '7')
    assert.equal(kube.lists.length, 1)
    await reflector.stop()
  })

  test('a half-open watch is left after the silence bound, and what it lost is listed', async () => {
    const { clock, kube, reflector, names } = setUp({ ignoresAbort: true })
    kube.answerLists(listOf('1'), listOf('9', pod('lost', '9')))
    reflector.start()
    await clock.settle()
    const halfOpen = kube.lastWatch()
    await clock.advance(89_000)
    assert.equal(kube.watches.length, 1)
    await clock.advance(1_200)
    assert.equal(kube.watches.length, 2)
    assert.equal(halfOpen.isAborted(), true)
    assert.deepEqual(names(), ['lost'])
    halfOpen.emit({ type: 'DELETED', object: pod('lost', '99') })
    await clock.settle()
    assert.deepEqual(names(), ['lost'], 'an abandoned stream must not write any more')
    await reflector.stop()
  })

  test('what happened while a watch was silent shows as it is now, never line by line as it was', async () => {
    const { clock, kube, cache, reflector } = setUp()
    const shown: string[] = []
    cache.subscribe(({ object }) => shown.push(object.metadata.resourceVersion ?? ''))
    kube.answerLists(listOf('1', pod('a', '1')), listOf('7', pod('a', '7')))
    // Whoever watches from the last line it saw gets the backlog, one line at a time.
    kube.onWatch((watch) => {
      if (watch.options.resourceVersion === '1' && kube.watches.length > 1)
        for (const version of ['3', '5', '7']) watch.emit({ type: 'MODIFIED', object: pod('a', version) })
    })
    reflector.start()
    await clock.advance(95_000)
    assert.deepEqual(shown, ['1', '7'])
    await reflector.stop()
  })

  test('a server that accepts watches and never sends anything is checked by lists, without a hot loop', async () => {
    const { clock, kube, reflector, names } = setUp()
    kube.answerLists(listOf('1'), listOf('5', pod('unseen', '4')))
    reflector.start()
    await clock.advance(91_000)
    assert.deepEqual(names(), ['unseen'])
    await clock.advance(694_000)
    assert.ok(kube.lists.length <= 10, `${kube.lists.length} lists`)
    await reflector.stop()
  })

  test('bookmarks alone keep a quiet watch', async () => {
    const { clock, kube, reflector } = setUp()
    reflector.start()
    await clock.settle()
    for (let minute = 1; minute <= 5; minute += 1) {
      await clock.advance(60_000)
      kube.lastWatch().emit({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(minute + 1) } } })
    }
    await clock.settle()
    assert.equal(kube.watches.length, 1)
    assert.equal(clock.monotonicMs() - (reflector.lastProgressMs() ?? Number.NaN), 0)
    await reflector.stop()
  })

  test('duplicated and delayed events neither go back in time nor move the position back', async () => {
    const { clock, kube, cache, reflector } = setUp()
    const changes: string[] = []
    cache.subscribe((change) => changes.push(`${change.type} ${change.object.metadata.resourceVersion}`))
    reflector.start()
    await clock.settle()
    const watch = kube.lastWatch()
    for (const version of ['5', '5', '7', '6']) watch.emit({ type: 'MODIFIED', object: pod('a', version) })
    await clock.settle()
    assert.deepEqual(changes, ['added 5', 'updated 7'])
    watch.fail(new Error('connection reset'))
    await clock.advance(2_000)
    assert.equal(kube.lastWatch().options.resourceVersion, '7')
    await reflector.stop()
  })

  test('a server that always cuts the watch in the middle is listed again after three tries', async () => {
    const { clock, kube, reflector, names } = setUp()
    kube.answerLists(listOf('1'), listOf('9', pod('a', '8')))
    kube.onWatch((watch) => watch.fail(kubeFailure(0, 'BadAnswer')))
    reflector.start()
    await clock.advance(10_000)
    assert.deepEqual(names(), ['a'])
    await reflector.stop()
  })

  test('429 is obeyed', async () => {
    const { clock, kube, reflector } = setUp()
    reflector.start()
    await clock.settle()
    kube.lastWatch().fail(kubeFailure(429, 'TooManyRequests', 20))
    await clock.advance(19_900)
    assert.equal(kube.watches.length, 1)
    await clock.advance(200)
    assert.equal(kube.watches.length, 2)
    await reflector.stop()
  })

  test('a requested relist repairs a cache that the watch has let go wrong; requests are coalesced and spaced', async () => {
    const { clock, kube, reflector, names } = setUp()
    kube.answerLists(listOf('1'), listOf('9', pod('a', '8')))
    reflector.start()
    await clock.settle()
    for (let round = 0; round < 50; round += 1) {
      reflector.relist()
      await clock.advance(100)
    }
    assert.deepEqual(names(), ['a'])
    assert.ok(kube.lists.length <= 7, `${kube.lists.length} lists in five seconds`)
    await reflector.stop()
  })

  test('a requested relist is still owed after the list has failed', async () => {
    const { clock, kube, reflector, names } = setUp()
    kube.answerLists(listOf('1'), kubeFailure(500), listOf('9', pod('a', '8')))
    reflector.start()
    await clock.advance(2_000)
    reflector.relist()
    await clock.advance(3_000)
    assert.deepEqual(names(), ['a'])
    await reflector.stop()
  })

  test('a position that the server forgot after a long time is replaced by a list at once', async () => {
    const { clock, kube, reflector, names } = setUp()
    kube.answerLists(listOf('1'), listOf('9', pod('a', '8')))
    reflector.start()
    await clock.advance(60_000)
    kube.lastWatch().fail(kubeFailure(410, 'Expired'))
    await clock.advance(101)
    assert.deepEqual(names(), ['a'])
    await reflector.stop()
  })

  test('a listener that throws harms neither the cache nor the other listeners', async () => {
    const { clock, kube, cache, reflector, names } = setUp()
    const seen: string[] = []
    cache.subscribe(() => {
      throw new Error('bug in a listener')
    })
    cache.subscribe((change) => seen.push(change.object.metadata.name))
    kube.answerLists(listOf('1', pod('a', '1')))
    reflector.start()
    await clock.settle()
    kube.lastWatch().emit({ type: 'ADDED', object: pod('b', '2') })
    await clock.settle()
    assert.deepEqual(seen, ['a', 'b'])
    assert.deepEqual(names(), ['a', 'b'])
    await reflector.stop()
  })

  test('stop ends everything, also while backing off, and leaves no timer', async () => {
    const { clock, kube, reflector } = setUp()
    kube.answerLists(kubeFailure(500))
    reflector.start()
    await clock.settle()
    await reflector.stop()
    assert.equal(clock.pendingTimers(), 0)
    assert.equal(reflector.hasSynced(), false)
  })
})
