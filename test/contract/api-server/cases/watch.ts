/** Watches: what a reflector relies on. */
import assert from 'node:assert/strict'
import type { WatchEvent } from '../../../../controller/kube/client.ts'
import { at, type Case, type Cluster, patchHeaders, textAt } from '../cluster.ts'
import { configMap, widget, widgetVersion } from '../objects.ts'

const startAt = async (k: Cluster, plural = 'widgets', apiVersion = widgetVersion): Promise<string> =>
  textAt(await k.ok('GET', k.path(apiVersion, plural)), 'metadata.resourceVersion')

const merge = (k: Cluster, name: string, body: unknown) =>
  k.ok('PATCH', k.path(widgetVersion, 'widgets', name), { body, headers: patchHeaders.merge })

const shortOf = ({ type, object }: { type: string; object: unknown }): string =>
  `${type} ${textAt(object, 'metadata.name')}`

export const watchCases: readonly Case[] = [
  {
    name: 'ADDED, MODIFIED, DELETED in order, with growing resourceVersions',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      const watch = await k.watch(`${path}?watch=true&resourceVersion=${await startAt(k)}`)
      await k.ok('POST', path, { body: widget('a') })
      await merge(k, 'a', { spec: { size: 2 } })
      await k.ok('DELETE', `${path}/a`)
      const lines = [await k.nextLine(watch), await k.nextLine(watch), await k.nextLine(watch)]
      watch.close()
      assert.deepEqual(lines.map(shortOf), ['ADDED a', 'MODIFIED a', 'DELETED a'])
      const versions = lines.map(({ object }) => Number(textAt(object, 'metadata.resourceVersion')))
      assert.deepEqual(
        versions,
        [...versions].sort((a, b) => a - b),
      )
      assert.equal(new Set(versions).size, 3)
      assert.equal(at(lines[2]?.object, 'spec.size'), 2)
    },
  },
  {
    name: 'a watch resumes after any resourceVersion',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      const first = await k.ok('POST', path, { body: widget('a') })
      await k.ok('POST', path, { body: widget('b') })
      await k.ok('POST', path, { body: widget('c') })
      const watch = await k.watch(`${path}?watch=1&resourceVersion=${textAt(first, 'metadata.resourceVersion')}`)
      assert.deepEqual([shortOf(await k.nextLine(watch)), shortOf(await k.nextLine(watch))], ['ADDED b', 'ADDED c'])
      watch.close()
    },
  },
  {
    name: 'a watch without a resourceVersion starts with what is there',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      for (const name of ['a', 'b']) await k.ok('POST', path, { body: widget(name) })
      const watch = await k.watch(`${path}?watch=true`)
      const lines = [shortOf(await k.nextLine(watch)), shortOf(await k.nextLine(watch))]
      assert.deepEqual(lines.sort(), ['ADDED a', 'ADDED b'])
      await k.ok('POST', path, { body: widget('c') })
      assert.equal(shortOf(await k.nextLine(watch)), 'ADDED c')
      watch.close()
    },
  },
  {
    name: 'a label selector turns changes into ADDED and DELETED',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      const watch = await k.watch(`${path}?watch=true&labelSelector=in%3Dyes&resourceVersion=${await startAt(k)}`)
      await k.ok('POST', path, { body: widget('a') })
      await merge(k, 'a', { metadata: { labels: { in: 'yes' } } })
      await merge(k, 'a', { spec: { size: 3 } })
      const left = await merge(k, 'a', { metadata: { labels: { in: 'no' } } })
      const lines = [await k.nextLine(watch), await k.nextLine(watch), await k.nextLine(watch)]
      watch.close()
      assert.deepEqual(lines.map(shortOf), ['ADDED a', 'MODIFIED a', 'DELETED a'])
      const gone = lines[2]?.object
      assert.equal(at(gone, 'metadata.resourceVersion'), at(left, 'metadata.resourceVersion'))
      assert.equal(at(gone, 'metadata.labels.in'), 'yes')
    },
  },
  {
    name: 'a field selector follows one object',
    async run(k) {
      const path = k.path('v1', 'configmaps')
      const version = await startAt(k, 'configmaps', 'v1')
      const watch = await k.watch(`${path}?watch=true&fieldSelector=metadata.name%3Db&resourceVersion=${version}`)
      for (const name of ['a', 'b', 'c']) await k.ok('POST', path, { body: configMap(name) })
      assert.equal(shortOf(await k.nextLine(watch)), 'ADDED b')
      await k.ok('DELETE', `${path}/b`)
      assert.equal(shortOf(await k.nextLine(watch)), 'DELETED b')
      watch.close()
    },
  },
  {
    name: 'timeoutSeconds ends the stream',
    async run(k) {
      const path = `${k.path(widgetVersion, 'widgets')}?watch=true&timeoutSeconds=1&resourceVersion=${await startAt(k)}`
      const watch = await k.watch(path)
      assert.equal(await watch.next(), undefined)
    },
  },
  {
    name: 'sendInitialEvents ends its first part with a marked bookmark',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      await k.ok('POST', path, { body: widget('a') })
      const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
      const watch = await k.watch(`${path}?${query}`)
      assert.equal(shortOf(await k.nextLine(watch)), 'ADDED a')
      const line = await watch.next()
      watch.close()
      assert.equal(line?.type, 'BOOKMARK')
      const annotations = at(line?.object, 'metadata.annotations') as Record<string, string>
      assert.equal(annotations['k8s.io/initial-events-end'], 'true')
      assert.equal(line?.object.kind, 'Widget')
    },
  },
  {
    name: 'deleting a collection is watched object by object',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      for (const name of ['a', 'b']) await k.ok('POST', path, { body: widget(name) })
      const watch = await k.watch(`${path}?watch=true&resourceVersion=${await startAt(k)}`)
      await k.ok('DELETE', path)
      const lines = [shortOf(await k.nextLine(watch)), shortOf(await k.nextLine(watch))]
      watch.close()
      assert.deepEqual(lines.sort(), ['DELETED a', 'DELETED b'])
    },
  },
  {
    name: 'a status write is a MODIFIED',
    async run(k) {
      const path = k.path(widgetVersion, 'widgets')
      await k.ok('POST', path, { body: widget('a') })
      const watch = await k.watch(`${path}?watch=true&resourceVersion=${await startAt(k)}`)
      await k.ok('PATCH', `${path}/a/status`, { body: { status: { phase: 'On' } }, headers: patchHeaders.merge })
      const { type, object } = await k.nextLine(watch)
      watch.close()
      assert.equal(type, 'MODIFIED')
      assert.equal(at(object, 'status.phase'), 'On')
    },
  },
  {
    name: 'objects of another version are shown in the watched version',
    async run(k) {
      const path = k.path('conformance.penstock.dev/v1beta1', 'widgets')
      const watch = await k.watch(`${path}?watch=true&resourceVersion=${await startAt(k)}`)
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a') })
      const { object } = await k.nextLine(watch)
      watch.close()
      assert.equal(object.apiVersion, 'conformance.penstock.dev/v1beta1')
    },
  },
  {
    name: 'the KubeClient port watches until it is aborted',
    async run(k) {
      const kind = {
        group: 'conformance.penstock.dev',
        version: 'v1',
        plural: 'widgets',
        kind: 'Widget',
        namespaced: true,
      }
      const stop = new AbortController()
      const options = {
        namespace: k.namespace,
        resourceVersion: await startAt(k),
        timeoutSeconds: 60,
        signal: stop.signal,
      }
      const seen: WatchEvent[] = []
      const following = (async () => {
        for await (const event of k.connection.client.watch(kind, options)) {
          if (event.type !== 'BOOKMARK') seen.push(event)
        }
      })().catch((error: unknown) => error)
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a') })
      await k.until('the event', async () => seen.length === 1)
      stop.abort()
      await following
      assert.equal(seen[0]?.type, 'ADDED')
    },
  },
]
