/** Lists: selectors, pages of one moment, reads at a resourceVersion. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, namesIn, textAt } from '../cluster.ts'
import { configMap, deployment, pod, widget, widgetVersion } from '../objects.ts'

const seed = async (k: Cluster): Promise<void> => {
  const labels = [{ app: 'web', tier: 'front' }, { app: 'web', tier: 'back' }, { app: 'db' }, {}]
  for (const [index, label] of labels.entries())
    await k.ok('POST', k.path('v1', 'configmaps'), {
      body: configMap(`c${index}`, {}, { labels: { set: 'seed', ...label } }),
    })
}

const select = async (k: Cluster, selector: string): Promise<string[]> =>
  namesIn(
    await k.ok('GET', `${k.path('v1', 'configmaps')}?labelSelector=${encodeURIComponent(`set=seed,${selector}`)}`),
  )

export const listCases: readonly Case[] = [
  {
    name: 'a list has kind, resourceVersion and items in order of name',
    async run(k) {
      for (const name of ['b', 'a', 'c']) await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget(name) })
      const list = await k.ok('GET', k.path(widgetVersion, 'widgets'))
      assert.equal(list.kind, 'WidgetList')
      assert.equal(list.apiVersion, widgetVersion)
      assert.ok(Number(textAt(list, 'metadata.resourceVersion')) > 0)
      assert.deepEqual(namesIn(list), ['a', 'b', 'c'])
    },
  },
  {
    name: 'an empty list has an empty items list',
    async run(k) {
      assert.deepEqual((await k.ok('GET', k.path('apps/v1', 'deployments'))).items, [])
    },
  },
  {
    name: 'a list over all namespaces holds those of this one',
    async run(k) {
      await k.ok('POST', k.path('v1', 'configmaps'), { body: configMap('a', {}, { labels: { one: k.unique } }) })
      const list = await k.ok('GET', `/api/v1/configmaps?labelSelector=one%3D${k.unique}`)
      assert.deepEqual(namesIn(list), ['a'])
    },
  },
  {
    name: 'equality selectors',
    async run(k) {
      await seed(k)
      assert.deepEqual(await select(k, 'app=web'), ['c0', 'c1'])
      assert.deepEqual(await select(k, 'app==web,tier=back'), ['c1'])
      assert.deepEqual(await select(k, 'app!=web'), ['c2', 'c3'])
    },
  },
  {
    name: 'set-based selectors',
    async run(k) {
      await seed(k)
      assert.deepEqual(await select(k, 'app in (web, db)'), ['c0', 'c1', 'c2'])
      assert.deepEqual(await select(k, 'app notin (web)'), ['c2', 'c3'])
      assert.deepEqual(await select(k, 'tier'), ['c0', 'c1'])
      assert.deepEqual(await select(k, '!tier'), ['c2', 'c3'])
    },
  },
  {
    name: 'a selector that cannot be parsed is a BadRequest',
    async run(k) {
      const path = `${k.path('v1', 'configmaps')}?labelSelector=${encodeURIComponent('a in b')}`
      await k.fails('GET', path, { code: 400, reason: 'BadRequest' })
    },
  },
  {
    name: 'field selectors on name and namespace, for custom resources too',
    async run(k) {
      for (const name of ['a', 'b']) await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget(name) })
      const path = k.path(widgetVersion, 'widgets')
      assert.deepEqual(namesIn(await k.ok('GET', `${path}?fieldSelector=metadata.name%3Da`)), ['a'])
      assert.deepEqual(namesIn(await k.ok('GET', `${path}?fieldSelector=metadata.name!%3Da`)), ['b'])
      const all = `/apis/${widgetVersion}/widgets?fieldSelector=metadata.namespace%3D${k.namespace}`
      assert.deepEqual(namesIn(await k.ok('GET', all)), ['a', 'b'])
    },
  },
  {
    name: 'pods can be selected by node and phase',
    async run(k) {
      await k.call('POST', k.path('v1', 'serviceaccounts'), { body: { metadata: { name: 'default' } } })
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('bound', { nodeName: 'node-1' }) })
      await k.ok('POST', k.path('v1', 'pods'), { body: pod('free') })
      const path = k.path('v1', 'pods')
      assert.deepEqual(namesIn(await k.ok('GET', `${path}?fieldSelector=spec.nodeName%3Dnode-1`)), ['bound'])
      assert.deepEqual(namesIn(await k.ok('GET', `${path}?fieldSelector=spec.nodeName%3D`)), ['free'])
      assert.deepEqual(namesIn(await k.ok('GET', `${path}?fieldSelector=status.phase%3DPending`)), ['bound', 'free'])
      assert.deepEqual(namesIn(await k.ok('GET', `${path}?fieldSelector=status.phase!%3DPending`)), [])
    },
  },
  {
    name: 'events can be selected by what they are about',
    async run(k) {
      const event = (name: string, kind: string) => ({
        metadata: { name },
        involvedObject: { kind, namespace: k.namespace, name: 'web' },
        reason: 'Tested',
        message: 'a message',
        type: 'Normal',
      })
      await k.ok('POST', k.path('v1', 'events'), { body: event('one', 'Widget') })
      await k.ok('POST', k.path('v1', 'events'), { body: event('two', 'Gadget') })
      const query = encodeURIComponent('involvedObject.kind=Widget,involvedObject.name=web')
      assert.deepEqual(namesIn(await k.ok('GET', `${k.path('v1', 'events')}?fieldSelector=${query}`)), ['one'])
      const other = await k.ok('GET', k.path('events.k8s.io/v1', 'events', 'one'))
      assert.equal(at(other, 'regarding.kind'), 'Widget')
      assert.equal(other.note, 'a message')
    },
  },
  {
    name: 'an unknown field selector is a BadRequest',
    async run(k) {
      const path = `${k.path('v1', 'configmaps')}?fieldSelector=spec.color%3Dred`
      await k.fails('GET', path, {
        code: 400,
        reason: 'BadRequest',
        message: /field label not supported|is not a known field selector/,
      })
    },
  },
  {
    name: 'pages follow each other and show one moment',
    async run(k) {
      const path = k.path('v1', 'configmaps')
      const query = 'labelSelector=paged'
      const label = { labels: { paged: 'yes' } }
      for (const name of ['a', 'b', 'c', 'd', 'e']) await k.ok('POST', path, { body: configMap(name, {}, label) })
      const first = await k.ok('GET', `${path}?${query}&limit=2`)
      assert.deepEqual(namesIn(first), ['a', 'b'])
      await k.ok('POST', path, { body: configMap('bb', {}, label) })
      await k.ok('DELETE', `${path}/d`)
      const second = await k.ok(
        'GET',
        `${path}?${query}&limit=2&continue=${encodeURIComponent(textAt(first, 'metadata.continue'))}`,
      )
      assert.deepEqual(namesIn(second), ['c', 'd'])
      assert.equal(at(second, 'metadata.resourceVersion'), at(first, 'metadata.resourceVersion'))
      const third = await k.ok(
        'GET',
        `${path}?${query}&limit=2&continue=${encodeURIComponent(textAt(second, 'metadata.continue'))}`,
      )
      assert.deepEqual(namesIn(third), ['e'])
      assert.ok(!at(third, 'metadata.continue'))
    },
  },
  {
    name: 'an unselected page says how many remain',
    async run(k) {
      const path = k.path('apps/v1', 'deployments')
      for (const name of ['a', 'b', 'c']) await k.ok('POST', path, { body: deployment(name) })
      const first = await k.ok('GET', `${path}?limit=1`)
      assert.equal(at(first, 'metadata.remainingItemCount'), 2)
    },
  },
  {
    name: 'a continue token that was not given out is a BadRequest',
    async run(k) {
      await k.fails('GET', `${k.path('v1', 'configmaps')}?limit=1&continue=bogus`, { code: 400, reason: 'BadRequest' })
    },
  },
  {
    name: 'resourceVersionMatch=Exact shows the past',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      const made = await k.ok('POST', path, { body: widget('a') })
      await k.ok('POST', path, { body: widget('b') })
      await k.ok('DELETE', `${path}/a`)
      const version = textAt(made, 'metadata.resourceVersion')
      const past = await k.ok('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=Exact`)
      assert.deepEqual(namesIn(past), ['a'])
      assert.equal(at(past, 'metadata.resourceVersion'), version)
    },
  },
  {
    name: 'resourceVersion=0 and NotOlderThan show at least that moment',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      const made = await k.ok('POST', path, { body: widget('a') })
      const version = textAt(made, 'metadata.resourceVersion')
      const list = await k.ok('GET', `${path}?resourceVersion=${version}&resourceVersionMatch=NotOlderThan`)
      assert.deepEqual(namesIn(list), ['a'])
      await k.until('the list at 0 to show it', async () =>
        namesIn(await k.ok('GET', `${path}?resourceVersion=0`)).includes('a'),
      )
    },
  },
  {
    name: 'resourceVersionMatch without a resourceVersion is Invalid',
    async run(k) {
      const path = `${k.path('v1', 'configmaps')}?resourceVersionMatch=Exact`
      await k.fails('GET', path, { code: 422, reason: 'Invalid', message: /resourceVersionMatch: Forbidden/ })
    },
  },
  {
    name: 'a resourceVersion from the future is a Timeout',
    async run(k) {
      const path = `${k.path(widgetVersion, 'widgets')}?resourceVersion=999999999&resourceVersionMatch=NotOlderThan`
      const status = await k.fails('GET', path, { code: 504, reason: 'Timeout', message: /Too large resource version/ })
      assert.equal(listAt(status, 'details.causes')[0]?.reason, 'ResourceVersionTooLarge')
    },
  },
]
