/**
 * The controller dies at every bad moment and comes back: the end is the same as if it had lived, nothing is made twice, and the traffic takes
 * the same way. Without election it leads at once; what the Lease adds is looked at apart.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SYSTEM_NAMESPACE } from '../cluster.ts'
import { canary, imageOf, webTemplate } from '../manifests.ts'
import { type MetricSource, startMetricSource } from '../metric-source.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${SYSTEM_NAMESPACE}/leases/argo-rollouts-controller-lock`

interface Moment {
  readonly title: string
  readonly is: (space: Workspace) => boolean
}

const available = (space: Workspace, version: number): number =>
  space.replicaSetOf(imageOf(version)).status?.availableReplicas ?? 0
const lastWeight = (space: Workspace): number | undefined => space.weights().at(-1)

/** Of a release with the steps setWeight 50, a pause of one second, an analysis. */
const moments: readonly Moment[] = [
  { title: 'the new ReplicaSet is there', is: (space) => space.replicaSets().length === 2 },
  {
    title: 'the canary scales up',
    is: (space) => space.replicaSetOf(imageOf(2)).spec.replicas === 1 && available(space, 2) === 0,
  },
  { title: 'the first weight has just been written', is: (space) => lastWeight(space) === 50 },
  { title: 'it pauses', is: (space) => (space.rollout().status?.pauseConditions ?? []).length > 0 },
  { title: 'the analysis runs', is: (space) => space.analysisRuns().length === 1 },
  { title: 'all weight has just moved', is: (space) => lastWeight(space) === 100 },
  { title: 'stable has just changed', is: (space) => space.rollout().status?.stableRS === hashOf(space, 2) },
]

const hashOf = (space: Workspace, version: number): string =>
  space.replicaSetOf(imageOf(version)).metadata.labels?.['rollouts-pod-template-hash'] ?? ''

export function restartPaths(stage: Stage): void {
  describe('restart', () => {
    let source: MetricSource
    before(async () => {
      source = await startMetricSource()
      await stage.restart('SIGTERM', { electionOff: true })
    })
    after(async () => {
      await source.stop()
      await stage.restart('SIGKILL')
    })

    async function deployed(title: string): Promise<Workspace> {
      const space = await stage.workspace(title)
      const analysis = { templates: [{ templateName: 'health' }] }
      const steps = [{ setWeight: 50 }, { pause: { duration: 1 } }, { analysis }]
      await space.apply(webTemplate('health', source.url('/'), { interval: '300ms' }), ...canary({ steps }))
      await space.untilPhase('Healthy')
      return space
    }

    /** What an undisturbed release leaves behind. */
    async function assertReleased(space: Workspace): Promise<void> {
      await space.untilPhase('Healthy')
      await space.until('the old revision to go', () => space.replicaSetOf(imageOf(1)).spec.replicas === 0)
      await space.until('the route to be back at the stable Service', () => lastWeight(space) === 0)
      assert.deepEqual(space.weights(), [0, 50, 100, 0])
      assert.equal(space.rollout().status?.stableRS, hashOf(space, 2))
      assert.equal(space.replicaSets().length, 2)
      assert.deepEqual(
        space.analysisRuns().map((run) => run.status?.phase),
        ['Successful'],
      )
      assert.equal(space.podsSoFar(), 4, 'no pod was made twice')
    }

    test('killed at any moment of a release, it ends as if it had lived', async (t) => {
      const spaces = await Promise.all(moments.map((_, index) => deployed(`kill-${index}`)))
      for (const [index, moment] of moments.entries())
        await t.test(moment.title, async () => {
          const space = spaces[index]
          assert.ok(space)
          await space.setImage(imageOf(2))
          await space.until(moment.title, () => moment.is(space))
          await stage.restart('SIGKILL', { electionOff: true })
          await assertReleased(space)
        })
    })

    test('killed again and again, it still ends as if it had lived', async () => {
      const space = await deployed('storm')
      await space.setImage(imageOf(2))
      for (const lifeMs of [50, 100, 200, 300, 400, 600, 800]) {
        await sleep(lifeMs)
        await stage.restart('SIGKILL', { electionOff: true })
      }
      await assertReleased(space)
    })

    test('killed in the middle of an abort, and aborted while it is dead', async () => {
      const spaces = await Promise.all(['abort-mid', 'abort-dead'].map((title) => stage.workspace(title)))
      const [first, second] = spaces
      assert.ok(first && second)
      const steps = [{ setWeight: 50 }, { pause: {} }]
      await Promise.all(spaces.map((space) => space.apply(...canary({ steps }))))
      for (const space of spaces) {
        await space.untilPhase('Healthy')
        await space.setImage(imageOf(2))
        await space.untilPausedAt(1)
      }
      assert.equal((await first.cli('abort', 'web')).code, 0)
      await first.until('stable to have all traffic', () => lastWeight(first) === 0)
      await stage.controller().kill()
      assert.equal((await second.cli('abort', 'web')).code, 0)
      await stage.restart('SIGKILL', { electionOff: true })
      for (const space of spaces) {
        await space.untilPhase('Degraded', /RolloutAborted/)
        await space.until('the canary to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
        assert.deepEqual(space.weights(), [0, 50, 0])
        assert.equal(space.podsSoFar(), 3)
        assert.equal(space.rollout().status?.abort, true)
      }
    })

    test('a graceful stop gives the Lease back, a crash leaves it until it has run out', async () => {
      const holder = async (): Promise<unknown> => {
        const { body } = await stage.cluster().controlPlane.api({ path: LEASE })
        return (body as { spec?: { holderIdentity?: string } }).spec?.holderIdentity
      }
      /** By the controller's own log: how long its process takes to start is none of its business. */
      const electedAfterMs = (): number => {
        const [started, leading] = ['started', 'leading'].map((word) =>
          Date.parse(
            String(
              stage
                .controller()
                .log()
                .find(({ msg }) => msg === word)?.time,
            ),
          ),
        )
        return (leading ?? Number.NaN) - (started ?? Number.NaN)
      }
      await stage.restart('SIGTERM')
      assert.notEqual(await holder(), '')
      assert.equal(await stage.controller().terminate(), 0)
      assert.equal(await holder(), '')
      await stage.restart('SIGTERM')
      assert.ok(electedAfterMs() < 8_000, 'a Lease that is free is taken at once')
      const crashedAt = Date.now()
      await stage.restart('SIGKILL')
      assert.ok(Date.now() - crashedAt > 8_000, 'a Lease of a dead holder is respected')
      const space = await deployed('after-crash')
      await space.setImage(imageOf(2))
      await assertReleased(space)
    })
  })
}
