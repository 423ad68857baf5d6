import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { createCache, indexByOwnerUid } from '../../../controller/kube/cache.ts'
import {
  compileLabelSelector,
  parseLabelSelector,
  renderLabelSelector,
} from '../../../controller/kube/label-selector.ts'
import { compareResourceVersions, hasReached } from '../../../controller/kube/resource-version.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'

const object = (name: string, resourceVersion: string, extra: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  metadata: { name, namespace: 'shop', uid: `uid-${name}`, resourceVersion, ...extra },
})
const ownedBy = (uid: string): Partial<KubeObject['metadata']> => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid, controller: true }],
})

function setUp() {
  const cache = createCache<KubeObject>({ name: 'test', log: silentLogger, indexers: { byOwnerUid: indexByOwnerUid } })
  const changes: string[] = []
  cache.subscribe((change) =>
    changes.push(`${change.type} ${change.object.metadata.name}@${change.object.metadata.resourceVersion}`),
  )
  return { cache, changes }
}
const names = (objects: readonly KubeObject[]): string[] => objects.map(({ metadata }) => metadata.name)

describe('cache', () => {
  test('replace tells exactly what differs, deletions first', () => {
    const { cache, changes } = setUp()
    cache.replace([object('a', '1'), object('b', '2')], '2')
    changes.length = 0
    const differences = cache.replace([object('b', '2'), object('c', '3'), object('d', '4')], '5')
    assert.deepEqual(changes, ['deleted a@1', 'added c@3', 'added d@4'])
    assert.equal(differences, 3)
    assert.equal(cache.resourceVersion(), '5')
  })

  test('a list is believed even when it goes back in time, as after a restored backup', () => {
    const { cache, changes } = setUp()
    cache.replace([object('a', '100')], '100')
    cache.replace([object('a', '50')], '60')
    assert.equal(changes.at(-1), 'updated a@50')
    assert.equal(cache.resourceVersion(), '60')
  })

  test('results are sorted and by namespace', () => {
    const { cache } = setUp()
    cache.replace([object('b', '1'), object('a', '1'), object('z', '1', { namespace: 'bank' })], '1')
    assert.deepEqual(names(cache.list()), ['z', 'a', 'b'])
    assert.deepEqual(names(cache.list('shop')), ['a', 'b'])
    assert.deepEqual(cache.list('nowhere'), [])
    assert.equal(cache.get('bank', 'z')?.metadata.name, 'z')
    assert.equal(cache.get('shop', 'z'), undefined)
  })

  test('indexes follow adds, moves and deletions; an unknown index throws', () => {
    const { cache } = setUp()
    cache.upsert(object('a', '1', ownedBy('x')))
    cache.upsert(object('b', '2', ownedBy('x')))
    assert.deepEqual(names(cache.byIndex('byOwnerUid', 'x')), ['a', 'b'])
    cache.upsert(object('a', '3', ownedBy('y')))
    assert.deepEqual(names(cache.byIndex('byOwnerUid', 'x')), ['b'])
    assert.deepEqual(names(cache.byIndex('byOwnerUid', 'y')), ['a'])
    cache.remove(object('a', '4'))
    assert.deepEqual(cache.byIndex('byOwnerUid', 'y'), [])
    assert.throws(() => cache.byIndex('typo', 'x'), /no index "typo"/)
  })

  test('an index declared late finds what was there; a taken name is refused; a throwing indexer hides one object only', () => {
    const { cache } = setUp()
    cache.replace([object('a', '1', { labels: { app: 'x' } }), object('hostile', '1')], '1')
    const byApp = (o: KubeObject): readonly string[] => {
      if (!o.metadata.labels) throw new Error('no labels')
      return [o.metadata.labels.app ?? '']
    }
    cache.addIndexer('byApp', byApp)
    cache.addIndexer('byApp', byApp)
    assert.deepEqual(names(cache.byIndex('byApp', 'x')), ['a'])
    assert.equal(cache.size(), 2)
    assert.throws(() => cache.addIndexer('byApp', indexByOwnerUid), /already has another index/)
  })

  test('a namesake with another uid is a deletion and an addition; its predecessor cannot take it away', () => {
    const { cache, changes } = setUp()
    cache.upsert(object('a', '5'))
    cache.upsert(object('a', '9', { uid: 'second' }))
    cache.remove(object('a', '10'))
    assert.deepEqual(changes, ['added a@5', 'deleted a@5', 'added a@9'])
    assert.equal(cache.get('shop', 'a')?.metadata.uid, 'second')
  })

  test('objects cannot be changed by readers', () => {
    const { cache } = setUp()
    cache.upsert({ ...object('a', '1'), spec: { deep: { list: [1] } } } as KubeObject)
    const read = cache.get('shop', 'a') as unknown as { spec: { deep: { list: number[] } } }
    assert.throws(() => read.spec.deep.list.push(2), TypeError)
  })

  test('130,000 objects are no problem', () => {
    const { cache } = setUp()
    const many = Array.from({ length: 130_000 }, (_, index) => object(`p${index}`, String(index)))
    cache.replace(many, '130000')
    assert.equal(cache.size(), 130_000)
    assert.equal(cache.replace([], '130001'), 130_000)
  })
})

describe('resourceVersion order', () => {
  for (const [a, b, expected] of [
    ['9', '10', -1],
    ['18446744073709551616', '18446744073709551615', 1],
    ['7', '7', 0],
    ['', '7', undefined],
    ['x1', '7', undefined],
    [undefined, '7', undefined],
    ['-1', '7', undefined],
  ] as const) {
    test(`${a} against ${b}`, () => assert.equal(compareResourceVersions(a, b), expected))
  }

  test('unknown order has not caught up, equal has', () => {
    assert.equal(hasReached('abc', 'abc'), true)
    assert.equal(hasReached('abd', 'abc'), false)
    assert.equal(hasReached(undefined, '1'), false)
  })
})

describe('label selectors', () => {
  const labels = { app: 'shop', tier: 'web' }
  for (const [text, expected] of [
    ['', true],
    ['app=shop', true],
    ['app==shop,tier=web', true],
    ['app!=shop', false],
    ['other!=x', true],
    ['app in (shop, bank),tier', true],
    ['app notin (shop)', false],
    ['other notin (shop)', true],
    ['!other', true],
    ['!app', false],
    ['other', false],
    ['app=', false],
  ] as const) {
    test(`string "${text}"`, () => assert.equal(parseLabelSelector(text)(labels), expected))
  }

  for (const text of ['app in shop', 'a=b=c', ',', 'app>3', 'a b', 'app in (x']) {
    test(`refuses "${text}"`, () => assert.throws(() => parseLabelSelector(text), TypeError))
  }

  for (const [selector, expected] of [
    [undefined, false],
    [{}, true],
    [{ matchLabels: { app: 'shop' } }, true],
    [{ matchLabels: { app: 'shop', tier: 'db' } }, false],
    [{ matchLabels: { constructor: 'x' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['shop'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['shop'] }] }, false],
    [{ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, false],
    [{ matchExpressions: [{ key: 'x', operator: 'DoesNotExist' }] }, true],
  ] as const) {
    test(`object ${JSON.stringify(selector)}`, () => assert.equal(compileLabelSelector(selector)(labels), expected))
  }

  test('unknown operators and empty value lists are refused', () => {
    const make = (operator: string) => () => compileLabelSelector({ matchExpressions: [{ key: 'a', operator }] })
    assert.throws(make('Gt'), /unknown operator "Gt"/)
    assert.throws(make('In'), /needs values/)
  })

  test('objects and their string form select alike', () => {
    const selector = {
      matchLabels: { b: '2', a: '1' },
      matchExpressions: [
        { key: 'c', operator: 'In', values: ['x', 'y'] },
        { key: 'd', operator: 'DoesNotExist' },
      ],
    }
    const text = renderLabelSelector(selector)
    assert.equal(text, 'a=1,b=2,!d,c in (x,y)')
    for (const sample of [
      { a: '1', b: '2', c: 'y' },
      { a: '1', b: '2', c: 'z' },
      { a: '1', b: '2', c: 'x', d: '' },
    ]) {
      assert.equal(parseLabelSelector(text)(sample), compileLabelSelector(selector)(sample))
    }
  })
})
