/**
 * Consul's KV store with a real agent: the suite of all stores, what only a real agent can show (restarts, tokens, the clock), and a whole canary whose
 * policy is read back as a gateway would.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { isConflict } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { type ConsulPorts, type ConsulSettings, openConsul } from '../../../controller/outside/consul/open.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { createHttpTransport } from '../../../controller/runtime/http-transport.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../controller/runtime/outbound-policy.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { type ConsulKey, consulKeys } from '../../../controller/traffic/consul-kv/key.ts'
import type { OutsideStore } from '../../../controller/traffic/outside.ts'
import { type ConsulAgent, startConsulAgent } from '../../consul/agent.ts'
import { consulHarness } from '../../contract/outside/consul.ts'
import { describeOutside } from '../../contract/outside/suite.ts'
import { createCertificate } from '../../fakes/certificate.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from '../reconcile/live-cluster.ts'

function openTransport(allow: readonly string[] = ['127.0.0.1']) {
  const redactor = createRedactor()
  const transport = createHttpTransport({
    clock: systemClock,
    random: seededRandom(1),
    policy: createOutboundPolicy({ allow }),
    redactor,
    metrics: createMetricRegistry(),
  })
  return { transport, redactor, clock: systemClock, random: seededRandom(1) } satisfies ConsulPorts
}

function openStore(address: string, over: Partial<ConsulSettings> = {}, allow?: readonly string[]) {
  const ports = openTransport(allow)
  const settings = { address, caFile: undefined, tokenFile: undefined, token: undefined, prefix: 'penstock/', ...over }
  const store = openConsul(settings, ports)
  assert.ok(store)
  return {
    store,
    async close(): Promise<void> {
      await store.stop()
      ports.transport.close()
    },
  }
}

const KEY = 'penstock/web/shop'
const REF = { kind: consulKeys, name: KEY }
const shown = (store: OutsideStore): ConsulKey | undefined => {
  const reading = store.read(REF)
  return reading.known ? reading.object : undefined
}
const isKnown = (store: OutsideStore): boolean => store.read(REF).known
const whyUnknown = (store: OutsideStore): string => {
  const reading = store.read(REF)
  return reading.known ? '' : reading.why
}

describe('the suite of stores, on a real agent', () => {
  let agent: ConsulAgent
  before(async () => {
    agent = await startConsulAgent()
  })
  after(() => agent?.stop())

  describeOutside(
    consulHarness('Consul', async () => {
      await agent.call('DELETE', '/v1/kv/contract/?recurse')
      const { transport } = openTransport()
      return {
        transport,
        address: agent.address,
        clock: systemClock,
        pass: (ms) => systemClock.sleep(ms),
        close: async () => transport.close(),
      }
    }),
  )
})

describe('keys of a real agent', () => {
  let agent: ConsulAgent
  before(async () => {
    agent = await startConsulAgent()
  })
  after(() => agent?.stop())

  const put = (value: string, query = '') => agent.call('PUT', `/v1/kv/${KEY}${query}`, value)
  async function following(check: (store: OutsideStore) => Promise<void>): Promise<void> {
    await agent.call('DELETE', `/v1/kv/${KEY}`)
    const { store, close } = openStore(agent.address)
    try {
      store.follow([REF])
      await waitFor('the first answer', () => isKnown(store))
      await check(store)
    } finally {
      await close()
    }
  }
  const patchTo = (object: ConsulKey, weight: number) =>
    ({
      do: 'patch',
      ref: REF,
      patch: [
        { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion },
        { op: 'add', path: '/json/weight', value: weight },
      ],
    }) as const

  test('an edit by somebody else is seen within a second', () =>
    following(async (store) => {
      for (const weight of [1, 2, 3]) {
        const at = performance.now()
        await put(`{"weight":${weight}}`)
        await waitFor('the edit', () => shown(store)?.json?.weight === weight)
        assert.ok(performance.now() - at < 1_000, `${performance.now() - at} ms`)
      }
    }))

  test('flags of 64 bits and fields of others outlive a write, and what cannot be kept is not touched', () =>
    following(async (store) => {
      await put('{"team":"shop","weight":1}', '?flags=18446744073709551615')
      await waitFor('the key', () => shown(store) !== undefined)
      const object = shown(store)
      assert.ok(object)
      await store.write(patchTo(object, 5))
      assert.deepEqual(shown(store)?.json, { team: 'shop', weight: 5 })
      const { body } = await agent.call('GET', `/v1/kv/${KEY}`)
      assert.match(body, /"Flags": 18446744073709551615/)
      for (const [value, why] of [
        ['weight: 5', /no JSON object/],
        ['[1]', /no JSON object/],
        ['', /no JSON object/],
        ['{"weight":1,"id":12345678901234567890}', /a number that cannot be written again/],
        [JSON.stringify({ text: 'x'.repeat(70_000) }), /more than 65536 bytes/],
      ] as const) {
        await put(value)
        await waitFor(String(why), () => why.test(shown(store)?.unreadable ?? ''))
      }
    }))

  test('a check-and-set that somebody else has overtaken is a conflict, and his value stays', () =>
    following(async (store) => {
      await put('{"weight":1}')
      await waitFor('the key', () => shown(store) !== undefined)
      const object = shown(store)
      assert.ok(object)
      await put('{"weight":9}')
      await assert.rejects(store.write(patchTo(object, 5)), isConflict)
      assert.deepEqual(shown(store)?.json, { weight: 9 })
    }))

  test('an agent that starts anew, with lower indexes, is followed again', () =>
    following(async (store) => {
      for (let edit = 0; edit < 30; edit += 1) await put(`{"weight":${edit % 10}}`)
      await waitFor('the last edit', () => shown(store)?.json?.weight === 9)
      const before = Number(shown(store)?.metadata.resourceVersion)
      await agent.restart()
      await waitFor('the loss', () => isKnown(store) && shown(store) === undefined)
      await put('{"weight":4}')
      await waitFor('the new value', () => shown(store)?.json?.weight === 4)
      assert.ok(Number(shown(store)?.metadata.resourceVersion) < before)
      const at = performance.now()
      await put('{"weight":6}')
      await waitFor('the next edit', () => shown(store)?.json?.weight === 6)
      assert.ok(performance.now() - at < 1_000)
    }))

  test('a datacenter that there is none of is unknown, in Consul’s words', async () => {
    const { store, close } = openStore(agent.address)
    const ref = { ...REF, name: `${KEY}?dc=elsewhere` }
    store.follow([ref])
    await waitFor('the refusal', () => {
      const reading = store.read(ref)
      return !reading.known && /Consul answers 500 \(No path to datacenter\)/.test(reading.why)
    })
    await close()
  })

  test('no key outside of the prefix, and no loopback without the flag', async () => {
    const narrow = openStore(agent.address, { prefix: 'other/' })
    const refused = openStore(agent.address, {}, [])
    for (const { store } of [narrow, refused]) store.follow([REF])
    await waitFor('words', () => [narrow, refused].every(({ store }) => !whyUnknown(store).includes('not been read')))
    assert.match(
      whyUnknown(narrow.store),
      /does not begin with "other\/", see the controller's flag --consul-kv-prefix/,
    )
    assert.match(whyUnknown(refused.store), /may not be contacted: it is a loopback/)
    for (const { close } of [narrow, refused]) await close()
  })
})

describe('a real agent by TLS', () => {
  let agent: ConsulAgent
  let folder: string
  const certificate = createCertificate()
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-ca-'))
    agent = await startConsulAgent({ certificate })
  })
  after(async () => {
    await agent?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is trusted by the authority that is named, and by no other', async () => {
    const caFile = join(folder, 'ca.pem')
    writeFileSync(caFile, certificate.cert)
    const trusting = openStore(agent.secureAddress, { caFile })
    const wary = openStore(agent.secureAddress)
    for (const { store } of [trusting, wary]) store.follow([REF])
    await waitFor('the key', () => isKnown(trusting.store))
    await waitFor('words', () => /certificate/i.test(whyUnknown(wary.store)))
    for (const { close } of [trusting, wary]) await close()
  })
})

describe('tokens of a real agent', () => {
  const management = '11111111-2222-3333-4444-555555555555'
  let agent: ConsulAgent
  let folder: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-token-'))
    agent = await startConsulAgent({ managementToken: management })
  })
  after(async () => {
    await agent?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function createToken(rules: string): Promise<string> {
    const name = `t${Math.random().toString(36).slice(2)}`
    const policy = JSON.stringify({ Name: name, Rules: rules })
    await agent.call('PUT', '/v1/acl/policy', policy, management)
    const { body } = await agent.call(
      'PUT',
      '/v1/acl/token',
      JSON.stringify({ Policies: [{ Name: name }] }),
      management,
    )
    return JSON.parse(body).SecretID
  }

  test('the token comes from a file, is taken up when it changes, and is in no word that is told', async () => {
    const tokenFile = join(folder, 'token')
    const reading = await createToken(`key_prefix "penstock/" { policy = "read" }`)
    const writing = await createToken(`key_prefix "penstock/" { policy = "write" }`)
    writeFileSync(tokenFile, '00000000-0000-0000-0000-000000000000\n')
    const { store, close } = openStore(agent.address, { tokenFile })
    const told: string[] = []
    try {
      store.follow([REF])
      await waitFor('the refusal', () => /403/.test(whyUnknown(store)))
      told.push(whyUnknown(store))
      writeFileSync(tokenFile, `${reading}\n`)
      await waitFor('the right to read', () => isKnown(store))
      const object = { apiVersion: 'consul.outside/v1', kind: 'Key', metadata: { name: KEY }, json: { weight: 1 } }
      const create = { do: 'create', ref: REF, object } as const
      await assert.rejects(store.write(create), (error: Error & { code?: number }) => {
        told.push(error.message)
        return error.code === 403
      })
      assert.equal(shown(store), undefined)
      writeFileSync(tokenFile, `${writing}\n`)
      await store.write(create)
      assert.deepEqual(shown(store)?.json, { weight: 1 })
      for (const words of told) for (const secret of [reading, writing]) assert.ok(!words.includes(secret))
    } finally {
      await close()
    }
  })
})

describe('a whole canary', () => {
  let agent: ConsulAgent
  before(async () => {
    agent = await startConsulAgent()
  })
  after(() => agent?.stop())

  const KEY_OF_SHOP = 'penstock/default/shop'
  const policy = async (): Promise<Readonly<Record<string, unknown>> | undefined> => {
    const { status, body } = await agent.call('GET', `/v1/kv/${KEY_OF_SHOP}?raw`)
    return status === 200 ? JSON.parse(body) : undefined
  }
  const weightIs = (weight: number) =>
    waitFor(
      `the weight ${weight}`,
      async () => (await policy())?.weight === weight,
      async () => policy(),
    )
  const until = (live: Live, what: string, holds: (status: RolloutStatus) => boolean) =>
    waitFor(
      what,
      async () => {
        const { status } = await live.rollout()
        return status !== undefined && holds(status)
      },
      async () => (await live.rollout()).status,
    )
  const service = (name: string): KubeObject =>
    ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: NAMESPACE },
      spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
    }) as KubeObject
  const patchStatus = (live: Live, status: object) =>
    live.client.patch(
      { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' },
      'merge',
      { status },
      {
        subresource: 'status',
      },
    )
  const commit = (live: Live, image: string) =>
    live.patch(kinds.rollouts, 'shop', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } })

  test('is carried by the policy: edited, deleted, forgotten by Consul, aborted, and the policy rests with stable', async () => {
    const { store, close } = openStore(agent.address)
    const whole = shop({
      replicas: 2,
      strategy: {
        canary: {
          stableService: 'stable',
          canaryService: 'canary',
          scaleDownDelaySeconds: 0,
          abortScaleDownDelaySeconds: 1,
          trafficRouting: {
            managedRoutes: [{ name: 'vip' }],
            plugins: { 'penstock/consul-kv': { key: KEY_OF_SHOP, backends: { stable: 'shop-stable' } } },
          },
          steps: [
            { setWeight: 20 },
            {
              plugin: {
                name: 'penstock/color',
                config: { name: 'vip', match: [{ idRange: { header: 'x-user', modulo: 7, from: 1, to: 2 } }] },
              },
            },
            { pause: {} },
            { setWeight: 50 },
            { pause: {} },
          ],
        },
      },
    })
    const rollout = {
      ...whole,
      metadata: { ...whole.metadata, annotations: { 'penstock.dev/propagation-seconds': '0' } },
    }
    const play = async (live: Live): Promise<void> => {
      for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
      await live.create(kinds.rollouts, rollout)
      await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
      await weightIs(0)

      await commit(live, 'shop:2')
      await until(
        live,
        'the first pause',
        ({ phase, currentStepIndex }) => phase === 'Paused' && currentStepIndex === 2,
      )
      const { revision, ...first } = (await policy()) ?? {}
      assert.deepEqual(first, {
        version: 1,
        rollout: 'default/shop',
        weight: 20,
        maxWeight: 100,
        backends: { stable: 'shop-stable', canary: 'canary' },
        additional: [],
        routes: [
          {
            name: 'vip',
            kind: 'color',
            backend: 'canary',
            match: [{ idRange: { header: 'x-user', modulo: 7, from: 1, to: 2 } }],
          },
        ],
      })
      assert.match(String(revision), /^[0-9a-f]{12}$/)

      // Somebody turns the weight, and adds a field of his own.
      await agent.call('PUT', `/v1/kv/${KEY_OF_SHOP}`, JSON.stringify({ ...first, revision, weight: 90, note: 'mine' }))
      await weightIs(20)
      assert.equal((await policy())?.note, 'mine')

      // Somebody deletes the key; Consul itself forgets everything.
      await agent.call('DELETE', `/v1/kv/${KEY_OF_SHOP}`)
      await weightIs(20)
      await agent.restart()
      await weightIs(20)

      // Somebody breaks it, and somebody promotes: it is not overwritten, and the step to the next weight is not done.
      await agent.call('PUT', `/v1/kv/${KEY_OF_SHOP}`, 'weight=20')
      await patchStatus(live, { pauseConditions: null })
      await systemClock.sleep(1_000)
      assert.equal((await agent.call('GET', `/v1/kv/${KEY_OF_SHOP}?raw`)).body, 'weight=20')
      assert.equal((await live.rollout()).status?.currentStepIndex, 3, 'the weight of step 3 is not reached')
      await agent.call('DELETE', `/v1/kv/${KEY_OF_SHOP}`)
      await until(
        live,
        'the second pause',
        ({ phase, currentStepIndex }) => phase === 'Paused' && currentStepIndex === 4,
      )
      await weightIs(50)
      await patchStatus(live, { pauseConditions: null })
      await until(
        live,
        'the promotion',
        ({ phase, stableRS, currentPodHash }) => phase === 'Healthy' && stableRS === currentPodHash,
      )
      await weightIs(0)
      assert.deepEqual((await policy())?.routes, [])

      await commit(live, 'shop:3')
      await until(live, 'the next pause', ({ phase, currentStepIndex }) => phase === 'Paused' && currentStepIndex === 2)
      await weightIs(20)
      await patchStatus(live, { abort: true })
      await until(live, 'the abort', ({ phase }) => phase === 'Degraded')
      await weightIs(0)
      assert.deepEqual((await policy())?.routes, [])
    }
    try {
      await withController(play, (client) => client, [], [store])
    } finally {
      await close()
    }
  })
})
