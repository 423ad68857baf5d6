/** How keys of Consul's KV store are followed and written, on virtual time: what is sent, how often, and what is made of each kind of answer. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isConflict, KubeError } from '../../../controller/kube/client.ts'
import { openConsul } from '../../../controller/outside/consul/open.ts'
import { createConsulStore } from '../../../controller/outside/consul/store.ts'
import { type HttpRequest, TransportError } from '../../../controller/runtime/http.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { type ConsulKey, consulKeys } from '../../../controller/traffic/consul-kv/key.ts'
import { createFakeConsul, type FakeConsul } from '../../fakes/consul-agent.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createFakeTransport, httpResponse } from '../../fakes/fake-transport.ts'

const REF = { kind: consulKeys, name: 'penstock/shop' }
const ADDRESS = 'http://consul.example:8500'

function openStore(transport: Pick<FakeConsul, 'send'>, clock: FakeClock, token?: string) {
  const access = { address: ADDRESS, prefix: 'penstock/', readToken: async () => token }
  return createConsulStore({ access, transport, clock, random: seededRandom(1) })
}

async function withConsul(
  check: (world: {
    consul: FakeConsul
    clock: FakeClock
    store: ReturnType<typeof openStore>
    put(value: string): Promise<unknown>
    shown(): ConsulKey | undefined
    why(): string
  }) => Promise<void>,
): Promise<void> {
  const clock = createFakeClock()
  const consul = createFakeConsul(clock)
  const store = openStore(consul, clock)
  const request = {
    method: 'PUT',
    url: `${ADDRESS}/v1/kv/${REF.name}`,
    timeoutMs: 1,
    maxBytes: 1,
    target: 'test',
  } as const
  try {
    await check({
      consul,
      clock,
      store,
      put: (body) => consul.send({ ...request, body }),
      shown() {
        const reading = store.read(REF)
        return reading.known ? reading.object : undefined
      },
      why() {
        const reading = store.read(REF)
        return reading.known ? '' : reading.why
      },
    })
  } finally {
    await store.stop()
  }
  assert.equal(clock.pendingTimers(), 0)
}

const patchTo = (version: string | undefined, weight: number) =>
  ({
    do: 'patch',
    ref: REF,
    patch: [
      { op: 'replace', path: '/metadata/resourceVersion', value: version },
      { op: 'add', path: '/json/weight', value: weight },
    ],
  }) as const

const queryOf = ({ url }: HttpRequest) => Object.fromEntries(new URL(url).searchParams)

describe('consul: what is sent', () => {
  test('first a consistent read, then blocking ones from the last index; nothing else while nothing changes', () =>
    withConsul(async ({ consul, clock, store, put }) => {
      await put('{"weight":1}')
      store.follow([REF])
      await clock.advance(35_000)
      const [, first, ...others] = consul.requests
      assert.ok(first)
      assert.deepEqual(
        [first.method, new URL(first.url).pathname, queryOf(first)],
        ['GET', '/v1/kv/penstock/shop', { consistent: '' }],
      )
      assert.deepEqual(
        others.map(queryOf),
        [1, 2, 3, 4].map(() => ({ index: '11', wait: '10000ms' })),
      )
      assert.deepEqual(first.headers, {})
      assert.ok(consul.requests.every(({ maxBytes, timeoutMs }) => maxBytes <= 131_072 && timeoutMs < 15_000))
    }))

  test('a write by check-and-set, with the flags that were there, and the key is read back', () =>
    withConsul(async ({ consul, clock, store, put, shown }) => {
      await put('{"team":"shop","weight":1}')
      store.follow([REF])
      await clock.advance(200)
      await store.write(patchTo('11', 5))
      const [write, back] = consul.requests.slice(-2)
      assert.deepEqual([write?.method, write && queryOf(write)], ['PUT', { cas: '11' }])
      assert.equal(write?.body, '{\n  "team": "shop",\n  "weight": 5\n}')
      assert.deepEqual(back && queryOf(back), { consistent: '' })
      assert.equal(shown()?.metadata.resourceVersion, '12')
      await clock.advance(100)
      const next = consul.requests.at(-1)
      assert.deepEqual(next && queryOf(next), { index: '12', wait: '10000ms' })
    }))

  test('datacenter, namespace and partition go along; a key outside of the prefix, or none at all, is never asked for', async () => {
    const clock = createFakeClock()
    const transport = createFakeTransport()
    transport.answer = () => httpResponse(404, '', { 'x-consul-index': '7' })
    const store = openStore(transport, clock, 'secret-token')
    const names = ['penstock/a?dc=dc1&ns=web&partition=p', 'other/b', 'penstock/../c', 'penstock/d?recurse=']
    store.follow(names.map((name) => ({ kind: consulKeys, name })))
    await clock.advance(50)
    assert.deepEqual(
      transport.requests.map(({ url }) => url),
      [`${ADDRESS}/v1/kv/penstock/a?dc=dc1&ns=web&partition=p&consistent=`],
    )
    assert.deepEqual(transport.requests[0]?.headers, { 'X-Consul-Token': 'secret-token' })
    const whys = names.slice(1).map((name) => store.read({ kind: consulKeys, name }))
    assert.deepEqual(
      whys.map((reading) => !reading.known && reading.why),
      [
        'the key does not begin with "penstock/", see the controller\'s flag --consul-kv-prefix',
        'it is no key of the KV store',
        'it is no key of the KV store',
      ],
    )
    await store.stop()
  })
})

describe('consul: what is made of answers', () => {
  test('an index that goes back is not waited for', () =>
    withConsul(async ({ consul, clock, store, put, shown }) => {
      await put('{"weight":1}')
      store.follow([REF])
      await clock.advance(200)
      consul.restart()
      await clock.advance(500)
      assert.equal(shown(), undefined)
      assert.ok(store.read(REF).known)
      await put('{"weight":2}')
      await clock.advance(200)
      assert.deepEqual(shown()?.json, { weight: 2 })
      const blocking = consul.requests.map(queryOf).filter(({ index }) => index !== undefined)
      assert.ok(Number(blocking.at(-1)?.index) < 11)
    }))

  test('a key that changes all the time is read ten times a second at most', () =>
    withConsul(async ({ consul, clock, store, put }) => {
      store.follow([REF])
      for (let edit = 0; edit < 100; edit += 1) {
        await put(`{"weight":${edit}}`)
        await clock.advance(20)
      }
      const reads = consul.requests.filter(({ method }) => method === 'GET')
      assert.ok(reads.length > 10 && reads.length <= 22, `${reads.length} reads in 2 s`)
    }))

  const silent = { 'x-consul-index': '5' }
  const entry = (fields: string) => httpResponse(200, `[{${fields}}]`, silent)
  for (const [what, answer, words] of [
    ['no leader', httpResponse(500, 'No cluster leader'), 'Consul answers 500 (No cluster leader)'],
    ['no right', httpResponse(403, 'Permission denied'), 'Consul answers 403 (Permission denied)'],
    ['404 of somebody else', httpResponse(404, '<html>nginx</html>'), 'Consul answers 404 (<html>nginx</html>)'],
    ['a redirect', httpResponse(301, ''), 'Consul answers 301'],
    ['a page', httpResponse(200, '<html>', silent), 'the answer is none of Consul'],
    ['an empty list', httpResponse(200, '[]', silent), 'the answer is none of Consul'],
    ['an entry without index', entry('"Value":"e30="'), 'the answer is none of Consul'],
    ['an entry without value', entry('"ModifyIndex":5'), 'the answer is none of Consul'],
  ] as const)
    test(`${what}: unknown, in these words, asked again less and less often, and known once it is well`, () =>
      withConsul(async ({ consul, clock, store, why, shown, put }) => {
        await put('{"weight":1}')
        consul.answerWith(answer)
        store.follow([REF])
        await clock.advance(60_000)
        assert.equal(why(), words)
        const asked = consul.requests.length
        assert.ok(asked > 5 && asked < 20, `${asked} requests in a minute`)
        consul.answerWith(undefined)
        await clock.advance(10_000)
        assert.deepEqual(shown()?.json, { weight: 1 })
      }))

  test('an answer without an index is asked for once a second', async () => {
    const clock = createFakeClock()
    const transport = createFakeTransport()
    transport.answer = () => httpResponse(200, '[{"Value":"e30=","Flags":0,"ModifyIndex":5}]')
    const store = openStore(transport, clock)
    store.follow([REF])
    await clock.advance(10_000)
    assert.ok(store.read(REF).known)
    assert.ok(transport.requests.length >= 9 && transport.requests.length <= 12, String(transport.requests.length))
    await store.stop()
  })

  for (const kind of ['timeout', 'network', 'refused', 'tooLarge', 'denied'] as const)
    test(`a failure of kind ${kind} is unknown in its own words`, async () => {
      const clock = createFakeClock()
      const transport = createFakeTransport()
      transport.answer = () => {
        throw new TransportError(kind, 'consul.example: such is life')
      }
      const store = openStore(transport, clock)
      store.follow([REF])
      await clock.advance(10)
      assert.deepEqual(store.read(REF), { known: false, why: 'consul.example: such is life' })
      await store.stop()
    })

  for (const [value, words] of [
    ['{"weight":1}', undefined],
    ['{"a":1.0,"b":-0.5e3,"c":0,"d":1e21,"e":"12345678901234567890","f":100000000000000000000}', undefined],
    ['{"id":12345678901234567890}', 'holds a number that cannot be written again as it is'],
    ['{"id":0.12345678901234567890}', 'holds a number that cannot be written again as it is'],
    ['{"id":1e400}', 'holds a number that cannot be written again as it is'],
    ['{"weight":1', 'holds no JSON object'],
    ['null', 'holds no JSON object'],
    ['[]', 'holds no JSON object'],
    ['"text"', 'holds no JSON object'],
    ['', 'holds no JSON object'],
    [`{"a":"${'x'.repeat(65_536)}"}`, 'holds more than 65536 bytes'],
  ] as const)
    test(`a value ${value.slice(0, 30)} ${words ?? 'is read'}`, () =>
      withConsul(async ({ clock, store, put, shown }) => {
        await put(value)
        store.follow([REF])
        await clock.advance(100)
        assert.equal(shown()?.unreadable, words)
        assert.equal(shown()?.json === undefined, words !== undefined)
        assert.ok(!JSON.stringify(shown()?.unreadable ?? '').includes('1234'))
      }))
})

describe('consul: writes', () => {
  test('two that were rendered from the same version: the first is written, the second a conflict', () =>
    withConsul(async ({ clock, store, put, shown }) => {
      await put('{"weight":1}')
      store.follow([REF])
      await clock.advance(100)
      const [first, second] = await Promise.allSettled([store.write(patchTo('11', 5)), store.write(patchTo('11', 7))])
      assert.equal(first?.status, 'fulfilled')
      assert.ok(second?.status === 'rejected' && isConflict(second.reason))
      assert.deepEqual(shown()?.json, { weight: 5 })
    }))

  test('one that is too large is refused before it is sent', () =>
    withConsul(async ({ consul, clock, store, put, shown }) => {
      await put('{"weight":1}')
      store.follow([REF])
      await clock.advance(100)
      const sent = consul.requests.length
      const patch = [...patchTo('11', 5).patch, { op: 'add', path: '/json/text', value: 'x'.repeat(70_000) }] as const
      await assert.rejects(
        store.write({ do: 'patch', ref: REF, patch }),
        (error) => error instanceof KubeError && error.code === 413,
      )
      assert.ok(consul.requests.slice(sent).every(({ method }) => method === 'GET'))
      assert.deepEqual(shown()?.json, { weight: 1 })
    }))

  test('one about a key that nobody follows, or that is not known, is not sent', () =>
    withConsul(async ({ consul, store }) => {
      for (const follows of [false, true]) {
        if (follows) store.follow([REF])
        await assert.rejects(store.write(patchTo('1', 5)), (error) => error instanceof KubeError && error.code === 0)
      }
      assert.ok(consul.requests.every(({ method }) => method === 'GET'))
    }))

  test('while one is under way, nothing is known, and nobody is told of it', () =>
    withConsul(async ({ clock, store, put, why }) => {
      await put('{"weight":1}')
      store.follow([REF])
      await clock.advance(100)
      const told: boolean[] = []
      store.subscribe((ref) => void told.push(store.read(ref).known))
      const done = store.write(patchTo('11', 5))
      await Promise.resolve()
      assert.equal(why(), 'a write is under way')
      await done
      assert.deepEqual(told, [true])
    }))
})

describe('consul: flags', () => {
  const ports = () => ({
    transport: createFakeTransport(),
    clock: createFakeClock(),
    random: seededRandom(1),
    redactor: createRedactor(),
  })
  const none = { address: ADDRESS, caFile: undefined, tokenFile: undefined, token: undefined, prefix: 'penstock/' }

  test('without an address nothing is driven; a file that is not there is told at once', () => {
    assert.equal(openConsul({ ...none, address: undefined }, ports()), undefined)
    assert.throws(() => openConsul({ ...none, tokenFile: '/nowhere/token' }, ports()), /ENOENT/)
    assert.throws(() => openConsul({ ...none, caFile: '/nowhere/ca' }, ports()), /ENOENT/)
  })

  test('the file goes before the environment, is read anew, and is a secret', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-consul-flags-'))
    try {
      const tokenFile = join(folder, 'token')
      const caFile = join(folder, 'ca')
      writeFileSync(caFile, 'PEM')
      const all = ports()
      for (const token of ['first-token', 'second-token', '']) {
        writeFileSync(tokenFile, `${token}\n`)
        const before = all.transport.requests.length
        const store = openConsul({ ...none, tokenFile, caFile, token: 'of-the-environment' }, all)
        store?.follow([REF])
        await all.clock.advance(0)
        // A file is read in real time.
        for (let turn = 0; turn < 50 && all.transport.requests.length === before; turn += 1)
          await new Promise((resolve) => setTimeout(resolve, 2))
        await store?.stop()
        const request = all.transport.requests.at(-1)
        assert.equal(request?.headers?.['X-Consul-Token'], token === '' ? undefined : token)
        assert.deepEqual(request?.tls, { ca: 'PEM' })
        if (token !== '') assert.ok(!all.redactor.redact(`it was ${token}`).includes(token))
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
