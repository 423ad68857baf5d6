/**
 * Whole canaries through Istio, with the shipped reconciler on a real store: between two subsets of one Service, and between two Services with a
 * header route and a mirror. What the user wrote of a route is there all the time.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStrategy, RolloutStatus } from '../../../controller/api/rollout.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from './live-cluster.ts'

const crds = ['../../crds/networking.istio.io.yaml']
const managedRoutes = [{ name: 'shadow' }, { name: 'beta' }]
const setHeaderRoute = { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] }
const setMirrorRoute = { name: 'shadow', match: [{ method: { exact: 'GET' } }], percentage: 50 }
const kept = { timeout: '3s', retries: { attempts: 2 }, corsPolicy: { maxAge: '24h' }, rewrite: { authority: 'shop' } }

const make = (apiVersion: string, kind: string, name: string, spec: object): KubeObject =>
  ({ apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec }) as KubeObject
const service = (name: string) => make('v1', 'Service', name, { selector: { app: 'shop' }, ports: [{ port: 80 }] })
const virtualService = (spec: object) =>
  make('networking.istio.io/v1', 'VirtualService', 'shop', { hosts: ['shop.example'], ...spec })

/** Without a floor, which has tests of its own. */
function rollout(canary: CanaryStrategy): KubeObject {
  const delays = { scaleDownDelaySeconds: 0, abortScaleDownDelaySeconds: 1 }
  const whole = shop({ replicas: 2, strategy: { canary: { ...delays, ...canary } } })
  return { ...whole, metadata: { ...whole.metadata, annotations: { 'penstock.dev/propagation-seconds': '0' } } }
}

async function until(live: Live, what: string, holds: (status: RolloutStatus) => boolean): Promise<void> {
  let last: RolloutStatus | undefined
  const isTrue = async () => {
    last = (await live.rollout()).status
    return last !== undefined && holds(last)
  }
  await waitFor(what, isTrue, () => [last?.phase, last?.message, last?.currentStepIndex, last?.conditions])
}
const untilPausedAt = (live: Live, step: number) =>
  until(live, `the pause at step ${step}`, (status) => status.phase === 'Paused' && status.currentStepIndex === step)
const untilPromoted = (live: Live) =>
  until(live, 'the promotion', (status) => status.phase === 'Healthy' && status.stableRS === status.currentPodHash)

const commit = (live: Live, image: string) =>
  live.patch(kinds.rollouts, 'shop', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } })
function patchStatus(live: Live, status: object) {
  const ref = { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }
  return live.client.patch(ref, 'merge', { status }, { subresource: 'status' })
}
const promote = (live: Live) => patchStatus(live, { pauseConditions: null })

interface Route {
  readonly name?: string
  readonly match?: unknown
  readonly route: readonly { readonly destination: object; readonly weight?: number }[]
}
interface VirtualService extends KubeObject {
  readonly spec: { readonly http: readonly Route[]; readonly tcp?: readonly Route[] }
}
interface DestinationRule extends KubeObject {
  readonly spec: {
    readonly subsets: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[]
  }
}

const refOf = (kind: typeof kinds.services) => ({ kind, namespace: NAMESPACE, name: 'shop' })
async function readRoutes(live: Live): Promise<VirtualService['spec']> {
  const found = await live.client.get<VirtualService>(refOf(kinds.virtualServices))
  assert.ok(found)
  return found.spec
}
async function readRule(live: Live): Promise<DestinationRule> {
  const found = await live.client.get<DestinationRule>(refOf(kinds.destinationRules))
  assert.ok(found)
  return found
}
const weightsOf = (routes: readonly Route[] = []) => routes.map(({ route }) => route.map(({ weight }) => weight))
const untilWeights = (live: Live, ...wanted: readonly number[]) =>
  waitFor(`weights ${wanted.join(', ')}`, async () => {
    const { http, tcp } = await readRoutes(live)
    return weightsOf([...http, ...(tcp ?? [])]).every((weights) => weights.join() === wanted.join())
  })
const subsetsOf = async (live: Live) =>
  Object.fromEntries((await readRule(live)).spec.subsets.map(({ name, labels }) => [name, labels[POD_TEMPLATE_HASH]]))
const podsOf = async (live: Live) =>
  (await live.replicaSets()).map(({ metadata, spec }) => [metadata.labels?.[POD_TEMPLATE_HASH], spec.replicas] as const)

describe('a canary by subsets', () => {
  const destination = (subset: string) => ({ destination: { host: 'shop', subset } })
  const rule = {
    host: 'shop',
    trafficPolicy: { loadBalancer: { simple: 'LEAST_REQUEST' } },
    subsets: [
      { name: 'stable', labels: { app: 'shop' }, trafficPolicy: { connectionPool: { tcp: { maxConnections: 7 } } } },
      { name: 'legacy', labels: { version: 'v0' } },
      { name: 'canary', labels: { app: 'shop' } },
    ],
  }
  const istio = {
    virtualService: { name: 'shop' },
    destinationRule: { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' },
  }
  const canary = { trafficRouting: { istio }, steps: [{ setWeight: 20 }, { pause: {} }] }

  async function open(live: Live): Promise<string | undefined> {
    await live.create(kinds.services, service('shop'))
    const both = { route: [destination('stable'), destination('canary')] }
    await live.create(
      kinds.virtualServices,
      virtualService({ http: [{ name: 'primary', ...kept, ...both }], tcp: [both] }),
    )
    await live.create(kinds.destinationRules, make('networking.istio.io/v1', 'DestinationRule', 'shop', rule))
    await live.create(kinds.rollouts, rollout(canary))
    await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
    await untilWeights(live, 100, 0)
    return (await live.rollout()).status?.stableRS
  }
  const untilSubsets = (live: Live, stable: string | undefined, second: string | undefined) =>
    waitFor(`subsets ${stable} and ${second}`, async () => {
      const named = await subsetsOf(live)
      return named.stable === stable && named.canary === second && named.legacy === undefined
    })

  test('is promoted and aborted; the rule names what weight may reach, and keeps all else', async () => {
    await withController(
      async (live) => {
        const first = await open(live)
        await untilSubsets(live, first, first)
        assert.equal((await readRule(live)).metadata.annotations?.[MANAGED_BY], 'shop')

        await commit(live, 'shop:2')
        await untilPausedAt(live, 1)
        const { currentPodHash: second, canary: told } = (await live.rollout()).status ?? {}
        await untilWeights(live, 80, 20)
        await untilSubsets(live, first, second)
        assert.deepEqual(told?.weights, {
          canary: { weight: 20, podTemplateHash: second },
          stable: { weight: 80, podTemplateHash: first },
          verified: true,
        })
        await promote(live)
        await untilPromoted(live)
        await untilWeights(live, 100, 0)
        await untilSubsets(live, second, second)

        await commit(live, 'shop:3')
        await untilPausedAt(live, 1)
        const third = (await live.rollout()).status?.currentPodHash
        await patchStatus(live, { abort: true })
        await until(live, 'the abort', ({ phase }) => phase === 'Degraded')
        await untilWeights(live, 100, 0)
        await untilSubsets(live, second, second)
        await waitFor('the aborted pods to go', async () =>
          (await podsOf(live)).some(([hash, replicas]) => hash === third && replicas === 0),
        )

        const { http } = await readRoutes(live)
        assert.deepEqual(
          http.map(({ route: _route, ...rest }) => rest),
          [{ name: 'primary', ...kept }],
        )
        const left = JSON.parse(
          JSON.stringify((await readRule(live)).spec, (key, value) => (key === POD_TEMPLATE_HASH ? undefined : value)),
        )
        assert.deepEqual(left, rule)
        assert.deepEqual(live.told.filter((event) => event.startsWith('UpdatedDestinationRule')).slice(0, 2), [
          `UpdatedDestinationRule DestinationRule shop subset updated (canary: ${first}, stable: ${first})`,
          `UpdatedDestinationRule DestinationRule shop subset updated (canary: ${first}, stable: ${first})`,
        ])
      },
      undefined,
      crds,
    )
  })

  test('a rule that is named no more is given back', async () => {
    await withController(
      async (live) => {
        const first = await open(live)
        await untilSubsets(live, first, first)
        await live.patch(kinds.rollouts, 'shop', {
          spec: { strategy: { canary: { trafficRouting: null, scaleDownDelaySeconds: null } } },
        })
        await untilSubsets(live, undefined, undefined)
        const { metadata, spec } = await readRule(live)
        assert.deepEqual([metadata.annotations, spec], [undefined, rule])
      },
      undefined,
      crds,
    )
  })

  test('Services that are named beside subsets follow them', async () => {
    await withController(
      async (live) => {
        for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
        const first = await open(live)
        await live.patch(kinds.rollouts, 'shop', {
          spec: { strategy: { canary: { stableService: 'stable', canaryService: 'canary' } } },
        })
        const named = async (name: string) => {
          const found = await live.client.get<
            KubeObject & { readonly spec: { readonly selector: Record<string, string> } }
          >({
            kind: kinds.services,
            namespace: NAMESPACE,
            name,
          })
          return found?.spec.selector[POD_TEMPLATE_HASH]
        }
        const untilNamed = (stable: string | undefined, second: string | undefined) =>
          waitFor('the Services', async () => (await named('stable')) === stable && (await named('canary')) === second)
        await untilNamed(first, first)
        await commit(live, 'shop:2')
        await untilPausedAt(live, 1)
        const second = (await live.rollout()).status?.currentPodHash
        await untilNamed(first, second)
        await untilSubsets(live, first, second)
        await promote(live)
        await untilPromoted(live)
        await untilNamed(second, second)
        await untilSubsets(live, second, second)
      },
      undefined,
      crds,
    )
  })
})

describe('a canary by hosts', () => {
  const to = (host: string, weight: number) => ({ destination: { host }, weight })
  const written = [
    { name: 'health', match: [{ uri: { exact: '/health' } }], route: [{ destination: { host: 'other' } }] },
    { name: 'primary', ...kept, route: [to('stable', 100), to('canary', 0)] },
  ]
  const istio = { virtualService: { name: 'shop', routes: ['primary'] } }
  const steps = [
    { setWeight: 20 },
    { setHeaderRoute },
    { setMirrorRoute },
    { pause: {} },
    { setWeight: 50 },
    { pause: {} },
  ]
  const canary = {
    stableService: 'stable',
    canaryService: 'canary',
    trafficRouting: { istio, managedRoutes },
    steps,
  }
  const narrowed = (weights: readonly [number, number]) => [
    written[0],
    {
      name: 'shadow',
      match: [{ method: { exact: 'GET' } }],
      ...kept,
      route: [to('stable', weights[0]), to('canary', weights[1])],
      mirror: { host: 'canary' },
      mirrorPercentage: { value: 50 },
    },
    { name: 'beta', match: [{ headers: { 'x-beta': { exact: 'yes' } } }], ...kept, route: [to('canary', 100)] },
    { name: 'primary', ...kept, route: [to('stable', weights[0]), to('canary', weights[1])] },
  ]
  const untilCanary = (live: Live, weight: number) =>
    waitFor(`canary ${weight}`, async () => (await readRoutes(live)).http.at(-1)?.route[1]?.weight === weight)
  const untilRoutes = (live: Live, wanted: readonly unknown[]) =>
    waitFor(
      'the routes',
      async () => {
        try {
          assert.deepEqual((await readRoutes(live)).http, wanted)
          return true
        } catch {
          return false
        }
      },
      () => wanted,
    )

  test('carries a header route and a mirror, repairs them, and leaves nothing behind a promotion and an abort', async () => {
    await withController(
      async (live) => {
        for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
        await live.create(kinds.virtualServices, virtualService({ http: written }))
        await live.create(kinds.rollouts, rollout(canary))
        await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')

        await commit(live, 'shop:2')
        await untilPausedAt(live, 3)
        await untilRoutes(live, narrowed([80, 20]))
        await live.patch(kinds.virtualServices, 'shop', { spec: { http: written } })
        await untilRoutes(live, narrowed([80, 20]))
        await promote(live)
        await untilPausedAt(live, 5)
        await untilRoutes(live, narrowed([50, 50]))
        await promote(live)
        await untilPromoted(live)
        await untilRoutes(live, written)

        await commit(live, 'shop:3')
        await untilPausedAt(live, 3)
        await patchStatus(live, { abort: true })
        await until(live, 'the abort', ({ phase }) => phase === 'Degraded')
        await untilRoutes(live, written)
        const { metadata } = (await live.client.get(refOf(kinds.virtualServices))) ?? {}
        assert.equal(metadata?.annotations, undefined)
      },
      undefined,
      crds,
    )
  })

  test('a route that loses its canary holds the update, and an abort gets through by the other', async () => {
    await withController(
      async (live) => {
        for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
        const tcp = [{ route: [to('stable', 100), to('canary', 0)] }]
        await live.create(kinds.virtualServices, virtualService({ http: written, tcp }))
        await live.create(
          kinds.rollouts,
          rollout({ ...canary, steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 50 }, { pause: {} }] }),
        )
        await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
        await commit(live, 'shop:2')
        await untilPausedAt(live, 1)
        await live.patch(kinds.virtualServices, 'shop', { spec: { tcp: [{ route: [to('stable', 100)] }] } })
        await promote(live)
        await untilCanary(live, 50)
        assert.deepEqual(
          [(await live.rollout()).status?.phase, (await live.rollout()).status?.currentStepIndex],
          ['Progressing', 2],
        )
        await patchStatus(live, { abort: true })
        await untilCanary(live, 0)
      },
      undefined,
      crds,
    )
  })
})
