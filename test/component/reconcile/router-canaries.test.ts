/**
 * Whole canaries through every router that has a row, with the shipped reconciler on a real store and third parties' definitions: one is promoted,
 * one is aborted, and what users wrote is the same afterwards.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStep, Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import type { ResourceKind } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from './live-cluster.ts'
import { type Read, type RouterRow, routerRows } from './router-rows.ts'

const BETA = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }

const service = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
  }) as KubeObject

/** Without a floor, which has tests of its own. */
function rolloutOf({ routing, hasHeaderRoute }: RouterRow): Rollout {
  const header: readonly CanaryStep[] = hasHeaderRoute ? [{ setHeaderRoute: BETA }, { pause: {} }] : []
  const whole = shop({
    replicas: 2,
    strategy: {
      canary: {
        stableService: 'stable',
        canaryService: 'canary',
        scaleDownDelaySeconds: 0,
        abortScaleDownDelaySeconds: 1,
        trafficRouting: { ...routing, ...(hasHeaderRoute ? { managedRoutes: [{ name: 'beta' }] } : {}) },
        steps: [{ setWeight: 20 }, { pause: {} }, ...header, { setWeight: 50 }, { pause: {} }],
      },
    },
  })
  return { ...whole, metadata: { ...whole.metadata, annotations: { 'penstock.dev/propagation-seconds': '0' } } }
}

async function until(live: Live, what: string, holds: (status: RolloutStatus) => boolean): Promise<void> {
  let last: RolloutStatus | undefined
  await waitFor(
    what,
    async () => {
      last = (await live.rollout()).status
      return last !== undefined && holds(last)
    },
    () => [last?.phase, last?.message, last?.currentStepIndex, last?.conditions],
  )
}

const untilPausedAt = (live: Live, step: number) =>
  until(live, `the pause at step ${step}`, (status) => status.phase === 'Paused' && status.currentStepIndex === step)

const commit = (live: Live, image: string) =>
  live.patch(kinds.rollouts, 'shop', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } })
const patchStatus = (live: Live, status: object) => {
  const ref = { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }
  return live.client.patch(ref, 'merge', { status }, { subresource: 'status' })
}
const promote = (live: Live) => patchStatus(live, { pauseConditions: null })

const reader =
  ({ client }: Live): Read =>
  (kind, name) =>
    client.get<KubeObject>({ kind, namespace: NAMESPACE, name })

async function open(live: Live, row: RouterRow): Promise<void> {
  for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
  for (const [kind, object] of row.objects) await live.create(kind, object)
  await live.create(kinds.rollouts, rolloutOf(row))
  await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
}

/** What users wrote, without the fields that the router writes. */
async function theirs({ objects, writes }: RouterRow, read: Read): Promise<readonly unknown[]> {
  const found = await Promise.all(objects.map(([kind, { metadata }]) => read(kind, metadata.name)))
  return found.map((object) => {
    const { labels, annotations = {} } = object?.metadata ?? {}
    const { spec } = (object ?? {}) as { readonly spec?: unknown }
    const text = JSON.stringify({ labels, annotations, spec }, (key, value) =>
      writes.includes(key) ? undefined : value,
    )
    return JSON.parse(text)
  })
}

async function untilBack(live: Live, row: RouterRow): Promise<void> {
  const read = reader(live)
  const isAbsent = async ([kind, name]: readonly [ResourceKind, string]) => (await read(kind, name)) === undefined
  await waitFor(
    'everything to be stable’s again',
    async () => {
      const pairs = await row.weights(read)
      return pairs.length > 0 && pairs.every(([stable, canary]) => stable === 100 && canary === 0)
    },
    () => row.id,
  )
  if (row.hasHeaderRoute) assert.equal(await row.hasHeaderRoute(read), false)
  for (const one of row.passing ?? []) await waitFor(`${one[0].kind} ${one[1]} to be gone`, () => isAbsent(one))
  for (const [kind, { metadata }] of row.objects)
    await waitFor(`${kind.kind} ${metadata.name} to be let go`, async () => !isHeld(await read(kind, metadata.name)))
}

/** The API server has the controller on record as a writer of its fields. */
const isHeld = (object: KubeObject | undefined): boolean =>
  (object?.metadata.managedFields ?? []).some(({ manager }) => manager === 'penstock')

const crdsOf = ({ crds }: RouterRow): readonly string[] => crds.map((name) => `../../crds/${name}.yaml`)
const anyClient = (client: Live['client']): Live['client'] => client

describe('whole canaries by every router', () => {
  for (const row of routerRows)
    test([row.id, row.title].filter(Boolean).join(' '), async () => {
      const play = async (live: Live): Promise<void> => {
        const read = reader(live)
        await open(live, row)
        await untilBack(live, row)
        const before = await theirs(row, read)

        await commit(live, 'shop:2')
        await untilPausedAt(live, 1)
        for (const pair of await row.weights(read)) assert.deepEqual(pair, [80, 20])
        const written = await Promise.all(row.objects.map(([kind, { metadata }]) => read(kind, metadata.name)))
        assert.equal(written.some(isHeld), row.writes.length > 0, 'who writes is on record while it writes')
        await promote(live)
        if (row.hasHeaderRoute) {
          await untilPausedAt(live, 3)
          assert.equal(await row.hasHeaderRoute(read), true)
          for (const pair of await row.weights(read)) assert.deepEqual(pair, [80, 20])
          await promote(live)
        }
        await untilPausedAt(live, row.hasHeaderRoute ? 5 : 3)
        for (const pair of await row.weights(read)) assert.deepEqual(pair, [50, 50])
        await promote(live)
        await until(live, 'the promotion', ({ phase, stableRS, currentPodHash }) => {
          return phase === 'Healthy' && stableRS === currentPodHash
        })
        await untilBack(live, row)
        assert.deepEqual(await theirs(row, read), before)

        await commit(live, 'shop:3')
        await untilPausedAt(live, 1)
        if (row.hasHeaderRoute) {
          await promote(live)
          await untilPausedAt(live, 3)
        }
        await patchStatus(live, { abort: true })
        await until(live, 'the abort', ({ phase }) => phase === 'Degraded')
        await untilBack(live, row)
        assert.deepEqual(await theirs(row, read), before)
      }
      await withController(play, anyClient, crdsOf(row))
    })
})

describe('App Mesh', () => {
  const row = routerRows.find(({ id }) => id === 'appMesh')
  const hashOf = async (live: Live, name: string): Promise<unknown> => {
    const node = await reader(live)(kinds.meshNodes, name)
    const { spec } = (node ?? {}) as { readonly spec?: { readonly podSelector: { readonly matchLabels: object } } }
    return Object.entries(spec?.podSelector.matchLabels ?? {}).find(([key]) => key === POD_TEMPLATE_HASH)?.[1]
  }

  test('a VirtualNode names a revision before its pods are made, and another only without weight', async () => {
    assert.ok(row)
    const patched: string[] = []
    const watching = (client: Live['client']): Live['client'] => ({
      ...client,
      patch(ref, patch, body, options) {
        if (!JSON.stringify(body).includes('/metadata/managedFields')) patched.push(`${ref.kind.kind} ${ref.name}`)
        return client.patch(ref, patch, body, options)
      },
    })
    const play = async (live: Live): Promise<void> => {
      await open(live, row)
      const first = (await live.rollout()).status?.stableRS
      assert.deepEqual([await hashOf(live, 'old'), await hashOf(live, 'new')], [first, 'canary-hash'])
      patched.length = 0
      await commit(live, 'shop:2')
      await untilPausedAt(live, 1)
      const { currentPodHash = '' } = (await live.rollout()).status ?? {}
      assert.deepEqual([await hashOf(live, 'old'), await hashOf(live, 'new')], [first, currentPodHash])
      const named = patched.indexOf('VirtualNode new')
      const scaled = patched.indexOf(`ReplicaSet shop-${currentPodHash}`)
      assert.ok(named >= 0 && named < scaled, patched.join(', '))
      assert.equal(patched.includes('VirtualNode old'), false)
      patched.length = 0
      await promote(live)
      await untilPausedAt(live, 3)
      await promote(live)
      await waitFor('no canary any more', async () => (await hashOf(live, 'new')) === 'canary-hash')
      assert.equal(await hashOf(live, 'old'), currentPodHash)
      const writes = patched.filter((one) => one.startsWith('Virtual'))
      assert.deepEqual(writes, [
        'VirtualRouter shop',
        'VirtualRouter shop',
        'VirtualNode old',
        'VirtualRouter shop',
        'VirtualNode new',
      ])
    }
    await withController(play, watching, crdsOf(row))
  })
})
