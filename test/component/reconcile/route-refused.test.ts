/**
 * The API server refuses what is written to a route: an admission webhook, a quota, an immutable field. It is told with the object and the server's
 * words, nothing goes that may still get requests, and all goes on once the write is taken.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout, RolloutStatus, Service } from '../../../controller/api/rollout.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from './live-cluster.ts'

const CRD = '../../../sandbox/crds/gateway-api.yaml'
const object = (apiVersion: string, kind: string, name: string, spec: object) =>
  ({ apiVersion, kind, metadata: { name, namespace: NAMESPACE }, spec }) as KubeObject
const service = (name: string) =>
  object('v1', 'Service', name, { selector: { app: 'shop' }, ports: [{ port: 80 }] }) as Service
const backend = (name: string, weight: number) => ({ name, port: 80, weight })
const route = object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'shop', {
  rules: [{ backendRefs: [backend('stable', 100), backend('canary', 0)] }],
})

function rollout(): Rollout {
  const canary = {
    stableService: 'stable',
    canaryService: 'canary',
    abortScaleDownDelaySeconds: 1,
    trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } },
    steps: [{ setWeight: 20 }, { pause: {} }],
  }
  const whole = shop({ replicas: 2, strategy: { canary } })
  return { ...whole, metadata: { ...whole.metadata, annotations: { 'penstock.dev/propagation-seconds': '0' } } }
}

const refusals = [
  { code: 403, reason: 'Forbidden', message: 'admission webhook "routes.example.test" denied the request: no' },
  { code: 403, reason: 'Forbidden', message: 'exceeded quota: routes' },
  {
    code: 422,
    reason: 'Invalid',
    message: 'HTTPRoute.gateway.networking.k8s.io "shop" is invalid: spec.rules: Invalid value: field is immutable',
  },
] as const

const status = async (live: Live): Promise<RolloutStatus> => (await live.rollout()).status ?? {}
const until = (live: Live, what: string, holds: (found: RolloutStatus) => boolean) =>
  waitFor(
    what,
    async () => holds(await status(live)),
    () => live.told,
  )
const weightsOf = async (live: Live): Promise<readonly number[]> => {
  const found = await live.client.get<typeof route & { readonly spec?: { readonly rules: readonly Rule[] } }>({
    kind: kinds.httpRoutes,
    namespace: NAMESPACE,
    name: 'shop',
  })
  return (found?.spec?.rules ?? []).flatMap(({ backendRefs }) => backendRefs.map(({ weight }) => weight))
}
interface Rule {
  readonly backendRefs: readonly { readonly weight: number }[]
}

describe('writes of a route that the API server refuses', { concurrency: 3 }, () => {
  for (const refusal of refusals)
    test(refusal.message, async () => {
      let refuses = false
      const limit = (client: Live['client']): Live['client'] => ({
        ...client,
        patch(ref, patch, body, options) {
          if (refuses && ref.kind === kinds.httpRoutes)
            return Promise.reject(new KubeError(refusal, `PATCH httproutes ${ref.namespace}/${ref.name}`))
          return client.patch(ref, patch, body, options)
        },
      })
      const play = async (live: Live): Promise<void> => {
        for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
        await live.create(kinds.httpRoutes, route)
        await live.create(kinds.rollouts, rollout())
        await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
        await live.patch(kinds.rollouts, 'shop', {
          spec: { template: { spec: { containers: [{ name: 'app', image: 'shop:2' }] } } },
        })
        await until(live, 'the pause', ({ phase }) => phase === 'Paused')
        assert.deepEqual(await weightsOf(live), [80, 20])

        refuses = true
        await live.client.patch(
          { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' },
          'merge',
          { status: { abort: true } },
          { subresource: 'status' },
        )
        const told = () => live.told.filter((one) => one.startsWith('TrafficRoutingError')).at(-1) ?? ''
        await waitFor('the refusal to be told', async () => told() !== '')
        assert.equal(
          told(),
          `TrafficRoutingError route canary 20→0 failed: PATCH httproutes ${NAMESPACE}/shop: ${refusal.message}`,
        )
        await until(live, 'the refusal to be a condition', ({ conditions }) =>
          (conditions ?? []).some(({ type, message }) => type === 'Stuck' && message.includes(refusal.message)),
        )
        const { currentPodHash, phase } = await status(live)
        assert.equal(phase, 'Degraded', 'the abort is on record')
        const canary = (await live.replicaSets()).find(
          ({ metadata }) => metadata.labels?.[POD_TEMPLATE_HASH] === currentPodHash,
        )
        assert.equal(canary?.spec.replicas, 1, 'requests still come to the canary')
        const named = await live.client.get<Service>({ kind: kinds.services, namespace: NAMESPACE, name: 'canary' })
        assert.equal(named?.spec.selector?.[POD_TEMPLATE_HASH], currentPodHash)

        refuses = false
        await waitFor('the traffic to be back', async () => (await weightsOf(live)).join() === '100,0')
        await until(live, 'the condition to go', ({ conditions }) =>
          (conditions ?? []).every(({ type }) => type !== 'Stuck'),
        )
      }
      await withController(play, limit, [CRD])
    })
})
