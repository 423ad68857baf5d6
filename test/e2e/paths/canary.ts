/** A release that goes well, with a router and without: the order of weights, Services and pods on the way. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canary, imageOf } from '../manifests.ts'
import type { Stage } from '../stage.ts'

const podHash = (object: { metadata: { labels?: Readonly<Record<string, string>> } }): string =>
  object.metadata.labels?.['rollouts-pod-template-hash'] ?? ''

export function canaryPaths(stage: Stage): void {
  describe('canary', { concurrency: 4 }, () => {
    test('with an HTTPRoute: first deploy, stages, promotion, the old revision goes after its delay', async () => {
      const space = await stage.workspace('routed')
      const steps = [{ setWeight: 25 }, { pause: { duration: 1 } }, { setWeight: 50 }, { pause: {} }]
      await space.apply(...canary({ steps }))
      await space.untilPhase('Healthy')
      const old = space.replicaSetOf(imageOf(1))
      await space.until('both Services to name the first revision', () =>
        ['web-stable', 'web-canary'].every((name) => space.selected(name) === podHash(old)),
      )
      assert.equal(space.replicaSets().length, 1)

      await space.setImage(imageOf(2))
      await space.untilPausedAt(3)
      const fresh = space.replicaSetOf(imageOf(2))
      assert.equal(space.selected('web-stable'), podHash(old))
      assert.equal(space.selected('web-canary'), podHash(fresh))
      assert.equal(space.replicaSetOf(imageOf(1)).spec.replicas, 2, 'stable keeps its pods until the end')
      assert.equal(fresh.spec.replicas, 1)

      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.untilPhase('Healthy')
      await space.until('the Services to name the new revision', () =>
        ['web-stable', 'web-canary'].every((name) => space.selected(name) === podHash(fresh)),
      )
      await space.until('the old revision to go', () => space.replicaSetOf(imageOf(1)).spec.replicas === 0)
      await space.until('the route to be back at the stable Service', () => space.weights().at(-1) === 0)
      assert.deepEqual(space.weights(), [0, 25, 50, 100, 0])
      await space.until('two pods to be left', () => space.pods().length === 2)
    })

    test('a gateway that lags holds the step until it confirms', async () => {
      const space = await stage.workspace('lagging')
      await space.apply(...canary({ steps: [{ setWeight: 20 }, { setWeight: 60 }, { pause: {} }] }))
      await space.untilPhase('Healthy')
      const catchUp = stage.cluster().gateway.lag(space.namespace)
      await space.setImage(imageOf(2))
      await space.until('the first weight to be written', () => space.weights().at(-1) === 20)
      await stage.passes(space, 3)
      assert.equal(space.rollout().status?.currentStepIndex, 0, 'an unconfirmed weight completes no step')
      assert.deepEqual(space.weights(), [0, 20])
      catchUp()
      await space.untilPausedAt(2)
      assert.deepEqual(space.weights(), [0, 20, 60])
    })

    test('without a router the share of pods is the share of traffic', async () => {
      const space = await stage.workspace('ratio')
      const steps = [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: 1 } }]
      await space.apply(...canary({ routed: false, replicas: 4, steps }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      const sizes = () => [1, 2].map((version) => space.replicaSetOf(imageOf(version)).spec.replicas)
      assert.deepEqual(sizes(), [3, 1])
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.until('half of the pods to be new', () => sizes().join() === '2,2')
      await space.untilPhase('Healthy')
      await space.until('all pods to be new', () => sizes().join() === '0,4' && space.pods().length === 4)
    })

    test('a new revision in mid-flight takes the place of the canary', async () => {
      const space = await stage.workspace('superseded')
      await space.apply(...canary({ steps: [{ setWeight: 50 }, { pause: {} }] }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      await space.setImage(imageOf(3))
      await space.until(
        'the third revision to be the canary',
        () => space.selected('web-canary') === podHash(space.replicaSetOf(imageOf(3))),
      )
      await space.untilPausedAt(1)
      assert.deepEqual(space.weights(), [0, 50, 0, 50], 'traffic leaves the second revision before the third gets any')
      await space.until('the second revision to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
      assert.equal(space.replicaSetOf(imageOf(1)).spec.replicas, 2)
    })
  })
}
