/**
 * Whole canaries through Ingresses, with the shipped reconciler on a real store: the canary Ingress of ingress-nginx from its making to the end of
 * an abort, the annotations of an ALB through two releases with exchanged Services.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStrategy, RolloutStatus } from '../../../controller/api/rollout.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import type { Ingress } from '../../../controller/traffic/ingress.ts'
import { type Live, NAMESPACE, shop, waitFor, withController } from './live-cluster.ts'

const service = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { app: 'shop' }, ports: [{ port: 80 }] },
  }) as KubeObject

const path = (name: string, port: object, at = '/') => ({
  path: at,
  pathType: 'ImplementationSpecific',
  backend: { service: { name, port } },
})
const ingress = (rules: readonly object[]): KubeObject =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: NAMESPACE, annotations: { theirs: 'kept' } },
    spec: { rules },
  }) as KubeObject

/** Without a floor, which has tests of its own. */
const rollout = (canary: CanaryStrategy): KubeObject => {
  const whole = shop({ replicas: 2, strategy: { canary } })
  return { ...whole, metadata: { ...whole.metadata, annotations: { 'penstock.dev/propagation-seconds': '0' } } }
}

const managedRoutes = [{ name: 'beta' }]
const setHeaderRoute = { name: 'beta', match: [{ headerName: 'x-env', headerValue: { exact: 'canary' } }] }
const steps = [{ setWeight: 20 }, { pause: {} }, { setHeaderRoute }, { pause: {} }, { setWeight: 50 }, { pause: {} }]

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
const patchStatus = (live: Live, status: object) =>
  live.client.patch(
    { kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' },
    'merge',
    { status },
    { subresource: 'status' },
  )
const promote = (live: Live) => patchStatus(live, { pauseConditions: null })

const read = (live: Live, name: string): Promise<Ingress | undefined> =>
  live.client.get<Ingress>({ kind: kinds.ingresses, namespace: NAMESPACE, name })

describe('a canary by ingress-nginx', () => {
  const annotation = async (live: Live, name: string) =>
    (await read(live, 'shop-shop-canary'))?.metadata.annotations?.[`nginx.ingress.kubernetes.io/${name}`]
  const said = async (live: Live) => [
    await annotation(live, 'canary-weight'),
    await annotation(live, 'canary-by-header'),
    await annotation(live, 'canary-by-header-value'),
  ]

  test('makes its Ingress, keeps it in step, carries a header, and is back at zero after a promotion and an abort', async () => {
    await withController(async (live) => {
      for (const name of ['stable', 'canary']) await live.create(kinds.services, service(name))
      const stable = ingress([{ host: 'a.example.com', http: { paths: [path('stable', { number: 80 })] } }])
      await live.create(kinds.ingresses, stable)
      const nginx = { stableIngress: 'shop' }
      const canary = {
        stableService: 'stable',
        canaryService: 'canary',
        trafficRouting: { managedRoutes, nginx },
        steps,
      }
      await live.create(kinds.rollouts, rollout({ ...canary, scaleDownDelaySeconds: 0, abortScaleDownDelaySeconds: 1 }))
      await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
      const { metadata, spec } = (await read(live, 'shop-shop-canary')) ?? {}
      const owner = await live.rollout()
      assert.deepEqual(metadata?.ownerReferences, [
        {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          name: 'shop',
          uid: owner.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ])
      assert.deepEqual(spec?.rules, [{ host: 'a.example.com', http: { paths: [path('canary', { number: 80 })] } }])
      assert.deepEqual(await said(live), ['0', undefined, undefined])

      await commit(live, 'shop:2')
      await untilPausedAt(live, 1)
      assert.deepEqual(await said(live), ['20', undefined, undefined])
      await promote(live)
      await untilPausedAt(live, 3)
      assert.deepEqual(await said(live), ['20', 'x-env', 'canary'])

      await live.patch(kinds.ingresses, 'shop', {
        spec: { rules: [{ host: 'b.example.com', http: { paths: [path('stable', { number: 80 })] } }] },
      })
      await waitFor(
        'the new host',
        async () => (await read(live, 'shop-shop-canary'))?.spec?.rules?.[0]?.host === 'b.example.com',
      )
      await live.patch(kinds.ingresses, 'shop-shop-canary', {
        metadata: { annotations: { 'nginx.ingress.kubernetes.io/canary-weight': '90', foreign: 'x' } },
      })
      await waitFor('a foreign weight to be mended', async () => (await annotation(live, 'canary-weight')) === '20')

      await promote(live)
      await untilPausedAt(live, 5)
      assert.deepEqual(await said(live), ['50', 'x-env', 'canary'])
      await promote(live)
      await until(live, 'the promotion', ({ phase, currentStepIndex }) => phase === 'Healthy' && currentStepIndex === 6)
      const after = await read(live, 'shop-shop-canary')
      assert.deepEqual(after?.metadata.annotations, {
        foreign: 'x',
        'nginx.ingress.kubernetes.io/canary': 'true',
        'nginx.ingress.kubernetes.io/canary-weight': '0',
      })

      await commit(live, 'shop:3')
      await untilPausedAt(live, 1)
      await promote(live)
      await untilPausedAt(live, 3)
      await patchStatus(live, { abort: true })
      await waitFor('the abort to reach the Ingress', async () => (await annotation(live, 'canary-weight')) === '0')
      await until(live, 'the abort', ({ phase }) => phase === 'Degraded')
      assert.deepEqual(await said(live), ['0', undefined, undefined])
      assert.deepEqual((await read(live, 'shop'))?.metadata.annotations, { theirs: 'kept' })
    })
  })
})

describe('a canary by ALB', () => {
  const PREFIX = 'alb.ingress.kubernetes.io'
  const root = path('root', { name: 'use-annotation' }, '/*')
  const weights = (...groups: readonly (readonly [string, number])[]): string => {
    const TargetGroups = groups.map(([ServiceName, Weight]) => ({ ServiceName, ServicePort: '80', Weight }))
    return JSON.stringify({ Type: 'forward', ForwardConfig: { TargetGroups } })
  }
  const annotation = async (live: Live, name: string) =>
    (await read(live, 'shop'))?.metadata.annotations?.[`${PREFIX}/${name}`]
  const services = async (live: Live) =>
    ((await read(live, 'shop'))?.spec?.rules?.[0]?.http?.paths ?? []).map(({ backend }) => backend?.service?.name)

  test('exchanges ping and pong, and carries a header by a path of its own', async () => {
    await withController(async (live) => {
      for (const name of ['ping', 'pong', 'root']) await live.create(kinds.services, service(name))
      await live.create(kinds.ingresses, ingress([{ http: { paths: [root] } }]))
      const canary = {
        pingPong: { pingService: 'ping', pongService: 'pong' },
        trafficRouting: { managedRoutes, alb: { ingress: 'shop', rootService: 'root', servicePort: 80 } },
        steps,
        scaleDownDelaySeconds: 0,
      }
      await live.create(kinds.rollouts, rollout(canary))
      await until(live, 'the first deployment', ({ phase }) => phase === 'Healthy')
      assert.equal(await annotation(live, 'actions.root'), weights(['pong', 0], ['ping', 100]))

      for (const [image, canaryService, stableService] of [
        ['shop:2', 'pong', 'ping'],
        ['shop:3', 'ping', 'pong'],
      ] as const) {
        await commit(live, image)
        await untilPausedAt(live, 1)
        assert.equal(await annotation(live, 'actions.root'), weights([canaryService, 20], [stableService, 80]))
        await promote(live)
        await untilPausedAt(live, 3)
        assert.equal(await annotation(live, 'actions.beta'), weights([canaryService, 100]))
        assert.equal(
          await annotation(live, 'conditions.beta'),
          '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"x-env","values":["canary"]}}]',
        )
        assert.deepEqual(await services(live), ['beta', 'root'])
        await promote(live)
        await untilPausedAt(live, 5)
        await promote(live)
        await until(live, image, ({ phase, currentStepIndex }) => phase === 'Healthy' && currentStepIndex === 6)
        assert.equal(await annotation(live, 'actions.root'), weights([stableService, 0], [canaryService, 100]))
        assert.deepEqual(await services(live), ['root'])
        const { metadata } = (await read(live, 'shop')) ?? {}
        assert.deepEqual(Object.keys(metadata?.annotations ?? {}).sort(), [
          `${PREFIX}/actions.root`,
          'rollouts.argoproj.io/managed-alb-annotations',
          'theirs',
        ])
      }
    })
  })
})
