/** The controller as a whole on a store in memory: what it does first as a leader, whom it lets lead, and how fast it is gone. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { ABORT_REQUESTS } from '../../controller/api/abort-request.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { type Assembly, assemble } from '../../controller/assembly.ts'
import { readConfig } from '../../controller/config.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { leases, rollouts } from '../../controller/kube/kinds.ts'
import { type Lease, leaseNameFor } from '../../controller/kube/lease-record.ts'
import { openChannels } from '../../controller/notify/channels.ts'
import { notifySettingsSchema } from '../../controller/notify/settings.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { createRedactor } from '../../controller/runtime/redact.ts'
import { createFakeClock, type FakeClock } from '../fakes/fake-clock.ts'
import { seededRandom } from '../fakes/fake-random.ts'
import { createFakeTransport } from '../fakes/fake-transport.ts'
import { createMemoryKube, type MemoryKube } from '../fakes/memory-kube.ts'
import { notices, rolloutWith } from './notify/notices.ts'

const lease = { kind: leases, namespace: 'default', name: leaseNameFor('') }
const holderOf = (kube: MemoryKube): string | undefined => (kube.read(lease) as Lease | undefined)?.spec?.holderIdentity

const plain = (name: string, annotations: Readonly<Record<string, string>> = {}): KubeObject & { spec: object } => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name, namespace: 'shop', annotations },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'app', image: 'example.test/app:1' }] },
    },
    strategy: { canary: {} },
  },
})

describe('the assembled controller', () => {
  let directory = ''
  let ended: (() => Promise<void>)[] = []
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'penstock-assembly-'))
    writeFileSync(join(directory, 'url'), 'https://hooks.slack.example/services/T0/B0/secret\n')
  })
  afterEach(async () => {
    for (const end of ended) await end()
    ended = []
    rmSync(directory, { recursive: true })
  })

  function replica(kube: MemoryKube, clock: FakeClock, identity: string) {
    const config = readConfig([], {})
    assert.ok(config !== 'help')
    const http = createFakeTransport()
    const redactor = createRedactor()
    const channels = openChannels(notifySettingsSchema.parse({ slackWebhookUrlFile: join(directory, 'url') }), redactor)
    const controller = assemble(config, {
      clock,
      random: seededRandom(1),
      log: silentLogger,
      metrics: createMetricRegistry(),
      redactor,
      http,
      api: { ...kube.client, listVersions: async () => ['v1', 'v1beta1'], listResources: async () => [] },
      identity,
      channels,
      openStores: () => [],
      onLost: () => {},
    })
    ended.push(() => stopAt(clock, controller))
    return { controller, http }
  }

  /** As `main.ts` stops it; time passes until it is gone. */
  async function stopAt(clock: FakeClock, controller: Assembly): Promise<void> {
    let isGone = false
    const gone = controller
      .stopWork()
      .then(() => controller.release())
      .then(() => {
        isGone = true
      })
    for (let turn = 0; !isGone && turn < 200; turn += 1) await clock.advance(100)
    await gone
  }

  test('a stop does not wait for a message that hangs: the Lease is free within 1.5 s', async () => {
    const kube = createMemoryKube()
    const clock = createFakeClock()
    const { controller, http } = replica(kube, clock, 'a')
    http.answer = () => new Promise(() => {})
    await kube.client.create(rollouts, rolloutWith([notices.Aborted]))
    await controller.start()
    await clock.advance(2_000)
    assert.equal(http.requests.length, 1)
    assert.equal(holderOf(kube), 'a')
    const stopped = controller.stopWork().then(() => controller.release())
    await clock.advance(1_500)
    assert.equal(holderOf(kube), '')
    await clock.advance(10_000)
    await stopped
  })

  test('who cannot list what it needs does not take the Lease', async () => {
    const kube = createMemoryKube()
    const clock = createFakeClock()
    const { controller } = replica(kube, clock, 'a')
    kube.before((verb, target) => {
      if (verb === 'list' && target === 'rollouts.argoproj.io') throw new KubeError({ code: 500 }, 'list')
    })
    await controller.start()
    await clock.advance(30_000)
    assert.equal(holderOf(kube), undefined)
    kube.before(() => {})
    await clock.advance(60_000)
    assert.equal(holderOf(kube), 'a')
  })

  test('a new leader sees what a stalled watch has kept from it, before it decides', async () => {
    const kube = createMemoryKube()
    const clock = createFakeClock()
    const [first, second] = [replica(kube, clock, 'a'), replica(kube, clock, 'b')]
    await first.controller.start()
    await clock.advance(2_000)
    await second.controller.start()
    await clock.advance(2_000)
    kube.holdWatches()
    await kube.client.create(rollouts, plain('web'))
    await stopAt(clock, first.controller)
    await clock.advance(3_000)
    assert.equal(holderOf(kube), 'b')
    assert.deepEqual(
      kube.writes.filter((write) => write.includes('replicasets')).map((write) => write.split(' ')[0]),
      ['create'],
    )
  })

  test('a new leader looks first at what may be waiting for an abort', async () => {
    const kube = createMemoryKube()
    const clock = createFakeClock()
    const request = { id: 'f@1', action: 'abort', podHash: 'x', revision: 2, reason: 'AlertFiring', message: '' }
    const at = '2026-01-01T00:00:00Z'
    for (let index = 0; index < 40; index += 1) await kube.client.create(rollouts, plain(`web-${index}`))
    const waiting = JSON.stringify([{ ...request, receivedAt: at, startsAt: at }])
    await kube.client.create(rollouts, plain('zz-waiting', { [ABORT_REQUESTS]: waiting }))
    const { controller } = replica(kube, clock, 'a')
    await controller.start()
    await clock.advance(3_000)
    const made = kube.writes.filter((write) => write.startsWith('create') && write.includes('replicasets'))
    assert.equal(made.length, 41)
    assert.match(made[0] ?? '', /shop\/zz-waiting-/)
  })
})
