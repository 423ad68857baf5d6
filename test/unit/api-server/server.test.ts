/** What the conformance suite cannot ask of a real server: faults, compaction, determinism, bounds. */

import assert from 'node:assert/strict'
import { get } from 'node:http'
import { describe, test } from 'node:test'
import { isGone, KubeError, type WatchEvent } from '../../../controller/kube/client.ts'
import { configMaps } from '../../../controller/kube/kinds.ts'
import { createFaults } from '../../../sandbox/api-server/faults.ts'
import { decodeProtobuf } from '../../../sandbox/api-server/protobuf.ts'
import { type ApiServerOptions, createApiServer } from '../../../sandbox/api-server/server.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'

const onClock = (clock: FakeClock): Pick<ApiServerOptions, 'clock'> => ({
  clock: { now: () => clock.now(), setTimer: (run, delayMs) => clock.setTimer(delayMs, run) },
})

const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
})

const ref = (name: string) => ({ kind: configMaps, namespace: 'default', name })

const watchAll = (server: ReturnType<typeof createApiServer>, resourceVersion = server.resourceVersion()) => {
  const stop = new AbortController()
  const seen: WatchEvent[] = []
  const options = { namespace: 'default', resourceVersion, timeoutSeconds: 300, signal: stop.signal }
  const over = (async (): Promise<unknown> => {
    try {
      for await (const event of server.client().watch(configMaps, options)) seen.push(event)
      return 'closed'
    } catch (error) {
      return error
    }
  })()
  return { seen, over, stop: () => stop.abort() }
}

describe('compaction', () => {
  test('an older watch gets an ERROR with code 410 and ends', async () => {
    const server = createApiServer()
    const start = server.resourceVersion()
    await server.client().create(configMaps, configMap('a'))
    server.compact()
    const { seen, over } = watchAll(server, start)
    assert.equal(await over, 'closed')
    assert.equal(seen[0]?.type, 'ERROR')
    assert.deepEqual(seen[0]?.type === 'ERROR' && [seen[0].object.code, seen[0].object.reason], [410, 'Expired'])
    await server.close()
  })

  test('an older page gets 410 Expired', async () => {
    const server = createApiServer()
    const client = server.client()
    for (const name of ['a', 'b']) await client.create(configMaps, configMap(name))
    const first = await client.list(configMaps, { namespace: 'default', limit: 1 })
    await client.create(configMaps, configMap('c'))
    server.compact()
    const next = { namespace: 'default', limit: 1, continue: first.metadata.continue ?? '' }
    await assert.rejects(client.list(configMaps, next), (error) => isGone(error))
    await server.close()
  })

  test('a full log drops its older half', async () => {
    const server = createApiServer({ eventLogLimit: 10 })
    const start = server.resourceVersion()
    for (let index = 0; index < 20; index += 1) await server.client().create(configMaps, configMap(`c${index}`))
    const { seen, over } = watchAll(server, start)
    await over
    assert.equal(seen[0]?.type, 'ERROR')
    await server.close()
  })
})

describe('faults', () => {
  test('the next matching requests fail, then all is well', async () => {
    const faults = createFaults()
    const server = createApiServer({ faults })
    const client = server.client()
    faults.failNext({ verb: 'create', plural: 'configmaps' }, 1, {
      code: 503,
      reason: 'ServiceUnavailable',
      retryAfterSeconds: 2,
    })
    const failed = await client.create(configMaps, configMap('a')).catch((error: unknown) => error)
    assert.ok(failed instanceof KubeError)
    assert.deepEqual([failed.code, failed.retryAfterMs], [503, 2000])
    await client.create(configMaps, configMap('a'))
    await server.close()
  })

  test('a write can be applied and never answered', async () => {
    const faults = createFaults()
    const server = createApiServer({ faults })
    const client = server.client()
    faults.cutNext({ verb: 'create' }, 1, { applied: true })
    const failed = await client.create(configMaps, configMap('a')).catch((error: unknown) => error)
    assert.ok(failed instanceof KubeError && failed.code === 0)
    assert.ok(await client.get(ref('a')))
    faults.cutNext({ verb: 'create' }, 1, { applied: false })
    await assert.rejects(client.create(configMaps, configMap('b')))
    assert.equal(await client.get(ref('b')), undefined)
    await server.close()
  })

  test('a dropped watch throws, a silent one carries nothing and stays open', async () => {
    const faults = createFaults()
    const clock = createFakeClock()
    const server = createApiServer({ faults, ...onClock(clock) })
    const dropped = watchAll(server)
    await clock.settle()
    faults.dropWatches('configmaps')
    assert.ok((await dropped.over) instanceof KubeError)
    const silent = watchAll(server)
    await clock.settle()
    faults.silenceWatches('configmaps')
    await server.client().create(configMaps, configMap('a'))
    await clock.advance(100_000)
    assert.deepEqual(silent.seen, [])
    silent.stop()
    assert.equal(await silent.over, 'closed')
    await server.close()
  })

  test('delayed events arrive later and in order', async () => {
    const faults = createFaults()
    const clock = createFakeClock()
    const server = createApiServer({ faults, ...onClock(clock) })
    const watch = watchAll(server)
    faults.delayEvents('configmaps', 500)
    await server.client().create(configMaps, configMap('a'))
    faults.delayEvents('configmaps', 0)
    await server.client().create(configMaps, configMap('b'))
    await clock.settle()
    assert.equal(watch.seen.length, 0)
    await clock.advance(500)
    assert.deepEqual(
      watch.seen.map((event) => event.type === 'ADDED' && event.object.metadata.name),
      ['a', 'b'],
    )
    watch.stop()
    await watch.over
    await server.close()
  })
})

describe('time and identity', () => {
  test('with a given clock and id source two runs store the same', async () => {
    const run = async (): Promise<string> => {
      let ids = 0
      const clock = createFakeClock()
      const newUid = (): string => {
        ids += 1
        return `uid-${ids}`
      }
      const server = createApiServer({ newUid, newSuffix: () => 'abcde', ...onClock(clock) })
      await server.client().create(configMaps, configMap('a'))
      await clock.advance(5000)
      await server.client().patch(ref('a'), 'merge', { metadata: { labels: { x: 'y' } } })
      const list = await server.client().list(configMaps, { namespace: 'default' })
      await server.close()
      return JSON.stringify(list)
    }
    assert.equal(await run(), await run())
  })

  test('bookmarks come at their interval, and once more before the stream ends', async () => {
    const clock = createFakeClock()
    const server = createApiServer({ bookmarkIntervalMs: 100_000, ...onClock(clock) })
    const { seen, over } = watchAll(server)
    await clock.settle()
    await clock.advance(100_000)
    assert.deepEqual(
      seen.map(({ type }) => type),
      ['BOOKMARK'],
    )
    await clock.advance(200_000)
    assert.equal(await over, 'closed')
    assert.equal(seen.at(-1)?.type, 'BOOKMARK')
    await server.close()
  })
})

describe('HTTP bounds', () => {
  test('a missing or wrong token is 401, broken JSON 400, too much 413, and the server goes on', async () => {
    const server = createApiServer({ tokens: ['right'] })
    const { url } = await server.listen()
    const path = `${url}/api/v1/namespaces/default/configmaps`
    const headers = { authorization: 'Bearer right', 'content-type': 'application/json' }
    assert.equal((await fetch(path)).status, 401)
    assert.equal((await fetch(path, { headers: { authorization: 'Bearer wrong' } })).status, 401)
    assert.equal((await fetch(path, { method: 'POST', headers, body: '{' })).status, 400)
    const large = JSON.stringify({ ...configMap('a'), data: { x: 'y'.repeat(4 * 1024 * 1024) } })
    const answer = await fetch(path, { method: 'POST', headers, body: large }).catch(() => undefined)
    assert.ok(answer === undefined || answer.status === 413)
    assert.equal((await fetch(`${url}/api/v1/%zz`, { headers })).status, 400)
    assert.equal((await fetch(path, { headers })).status, 200)
    await server.close()
  })

  test('without tokens it answers programs on this machine and no page in a browser', async () => {
    const server = createApiServer()
    const { url } = await server.listen()
    const status = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        get(`${url}/api`, { headers, agent: false }, (answer) => resolve(answer.resume().statusCode)).on(
          'error',
          reject,
        )
      })
    assert.equal(await status({}), 200)
    assert.equal(await status({ host: 'localhost:1' }), 200)
    assert.equal(await status({ origin: 'http://evil.example' }), 403)
    assert.equal(await status({ host: 'rebound.example' }), 403)
    assert.equal(await status({ 'sec-fetch-site': 'cross-site' }), 403)
    await server.close()
  })

  test('protobuf of a kind that is not known here is refused with a sentence', () => {
    assert.throws(() => decodeProtobuf(Buffer.from('k8s\0')), /this server reads application\/json/)
    assert.throws(() => decodeProtobuf(Buffer.from('nonsense')), /no Kubernetes protobuf/)
    assert.throws(
      () => decodeProtobuf(Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(50, 0xff)])),
      /cut short|wire type/,
    )
  })
})
