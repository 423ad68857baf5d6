/** What a routed canary does beside weights: rules of its own in a shared route, two Services that exchange parts, stable that gives pods up. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canary, imageOf } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const podHash = (object: { metadata: { labels?: Readonly<Record<string, string>> } }): string =>
  object.metadata.labels?.['rollouts-pod-template-hash'] ?? ''

interface HttpRoute {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly rules: readonly {
      readonly name?: string
      readonly matches?: readonly { readonly headers?: readonly { readonly name: string; readonly value: string }[] }[]
      readonly filters?: readonly { readonly type: string }[]
      readonly backendRefs: readonly { readonly name: string; readonly weight?: number }[]
    }[]
  }
}

async function routeOf(space: Workspace): Promise<HttpRoute> {
  const { stdout } = await space.kubectl('get', 'httproute', 'web', '-o', 'json')
  return JSON.parse(stdout) as HttpRoute
}

const gatewayApi = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'web' } } }
const MANAGED_RULES = 'penstock.dev/managed-rules'

export function routedCanaryPaths(stage: Stage): void {
  describe('routed canaries', { concurrency: 3 }, () => {
    test('header and mirror rules come with their steps, come back when they are deleted, and leave the route as it was', async () => {
      const space = await stage.workspace('managed-routes')
      const steps = [
        { setCanaryScale: { replicas: 1 } },
        { setHeaderRoute: { name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] } },
        { setMirrorRoute: { name: 'shadow', match: [{ method: { exact: 'GET' } }], percentage: 100 } },
        { pause: {} },
      ]
      const trafficRouting = { ...gatewayApi, managedRoutes: [{ name: 'beta' }, { name: 'shadow' }] }
      await space.apply(...canary({ steps, canary: { trafficRouting } }))
      await space.untilPhase('Healthy')
      const before = await routeOf(space)

      await space.setImage(imageOf(2))
      await space.untilPausedAt(3)
      const during = await routeOf(space)
      assert.deepEqual(
        during.spec.rules.map(({ backendRefs }) => backendRefs.map(({ name, weight }) => `${name} ${weight}`)),
        [['web-stable 100', 'web-canary 0'], ['web-canary 1'], ['web-stable 100', 'web-canary 0']],
      )
      assert.deepEqual(
        during.spec.rules[1]?.matches?.[0]?.headers?.map(({ name, value }) => [name, value]),
        [['x-beta', 'yes']],
      )
      assert.equal(during.spec.rules[2]?.filters?.[0]?.type, 'RequestMirror')

      const patch = JSON.stringify([{ op: 'remove', path: '/spec/rules/1' }])
      assert.equal((await space.kubectl('patch', 'httproute', 'web', '--type=json', '-p', patch)).code, 0)
      await stage.passes(space, 2)
      assert.deepEqual((await routeOf(space)).spec, during.spec, 'what is ours comes back')

      assert.equal((await space.cli('abort', 'web')).code, 0)
      await space.until('the aborted revision to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
      const after = await routeOf(space)
      assert.deepEqual(after.spec, before.spec)
      assert.equal(after.metadata.annotations?.[MANAGED_RULES], undefined)
    })

    test('ping-pong: the parts change hands with the promotion, and no selector of a Service with traffic moves', async () => {
      const space = await stage.workspace('ping-pong')
      const strategy = {
        canary: {
          steps: [{ setWeight: 50 }, { pause: {} }],
          scaleDownDelaySeconds: 2,
          pingPong: { pingService: 'web-stable', pongService: 'web-canary' },
          trafficRouting: gatewayApi,
        },
      }
      await space.apply(...canary({ spec: { strategy } }))
      await space.untilPhase('Healthy')
      const parts = () => space.rollout().status?.canary?.stablePingPong
      await space.until('ping to be stable', () => parts() === 'ping')
      await space.until('both Services to name the first revision', () =>
        ['web-stable', 'web-canary'].every((name) => space.selected(name) === podHash(space.replicaSetOf(imageOf(1)))),
      )
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.until('pong to be stable', () => parts() === 'pong')
      await space.untilPhase('Healthy')
      assert.equal(space.selected('web-canary'), podHash(space.replicaSetOf(imageOf(2))))
      await space.until('the old revision to go', () => space.replicaSetOf(imageOf(1)).spec.replicas === 0)
      await space.until('its Service to name the new one', () =>
        ['web-stable', 'web-canary'].every((name) => space.selected(name) === podHash(space.replicaSetOf(imageOf(2)))),
      )
      assert.deepEqual(space.weights().at(-1), 100, 'no weight has moved since')
    })

    test('dynamic stable scale: pods follow the traffic up, and the traffic follows the pods back', async () => {
      const space = await stage.workspace('dynamic')
      const strategy = {
        canary: {
          stableService: 'web-stable',
          canaryService: 'web-canary',
          steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 75 }, { pause: {} }],
          dynamicStableScale: true,
          trafficRouting: gatewayApi,
        },
      }
      await space.apply(...canary({ replicas: 4, spec: { strategy } }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      const sizes = () => [1, 2].map((version) => space.replicaSetOf(imageOf(version)).spec.replicas).join()
      await space.until('stable to give one up', () => sizes() === '3,1')
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.untilPausedAt(3)
      await space.until('stable to give two more up', () => sizes() === '1,3')
      assert.equal((await space.cli('abort', 'web')).code, 0)
      await space.until('stable to be whole and the canary to be gone', () => sizes() === '4,0')
      const weights = space.weights()
      assert.deepEqual([...weights].sort((a, b) => a - b).slice(-1), [75])
      assert.equal(weights.at(-1), 0)
      assert.equal(space.selected('web-canary'), podHash(space.replicaSetOf(imageOf(1))))
    })
  })
}
