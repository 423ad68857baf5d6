/**
 * A restart on a real control plane: its disruption controller and its eviction API decide what may go. And labels that change hands without one,
 * because both are what the controller does with live pods.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pod } from '../../../controller/api/pod.ts'
import { canary, imageOf } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const budget = (minAvailable: number): object => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web' },
  spec: { minAvailable, selector: { matchLabels: { app: 'web' } } },
})

const livePods = (space: Workspace): readonly Pod[] =>
  space.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined)
const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
const readyPods = (space: Workspace): number => livePods(space).filter(isReady).length
const uids = (space: Workspace): readonly string[] => livePods(space).map(({ metadata }) => metadata.uid ?? '')

/** The start of the next second: pods are stamped with whole ones. */
async function nextSecond(space: Workspace): Promise<string> {
  const next = Math.floor(Date.now() / 1000) * 1000 + 1000
  await space.until('the next second', () => Date.now() >= next)
  return new Date(next).toISOString().replace('.000', '')
}

const restarted = (space: Workspace, restartAt: string) => () => space.rollout().status?.restartedAt === restartAt

export function restartAtPaths(stage: Stage): void {
  describe('restartAt', { concurrency: 4 }, () => {
    test('within a PodDisruptionBudget: refused, told, and done when it allows', async () => {
      const space = await stage.workspace('restart-at')
      await space.apply(...canary({ replicas: 3, routed: false, canary: { maxUnavailable: 1 } }), budget(3))
      await space.untilPhase('Healthy')
      const before = uids(space)
      const restartAt = await nextSecond(space)
      await space.patch({ spec: { restartAt } })
      await space.untilPhase('Progressing', /rollout is restarting/)
      let told = ''
      const look = setInterval(() => {
        void space.kubectl('get', 'events', '-o', 'json').then(({ stdout }) => {
          told = stdout
        })
      }, 500)
      await space
        .until('the refusal to be told', () => told.includes('EvictionRefused'))
        .finally(() => clearInterval(look))
      assert.match(told, /violate the pod's disruption budget/)
      assert.deepEqual([...uids(space)].sort(), [...before].sort(), 'no pod has gone')

      await space.apply(budget(2))
      let fewest = 3
      await space.until(
        'every pod to be another',
        () => {
          fewest = Math.min(fewest, readyPods(space))
          return restarted(space, restartAt)()
        },
        90_000,
      )
      assert.ok(uids(space).every((uid) => !before.includes(uid)))
      assert.ok(fewest >= 2, `${fewest} pods were ready at some moment`)
      await space.untilPhase('Healthy')
      assert.equal(space.replicaSets().length, 1, 'a restart is no revision')
    })

    test('of the only pod: another one is ready before it goes', async () => {
      const space = await stage.workspace('restart-one')
      await space.apply(...canary({ replicas: 1, routed: false }))
      await space.untilPhase('Healthy')
      const before = uids(space)
      const restartAt = await nextSecond(space)
      await space.patch({ spec: { restartAt } })
      let fewest = 1
      await space.until('the restart to end', () => {
        fewest = Math.min(fewest, readyPods(space))
        return restarted(space, restartAt)()
      })
      assert.equal(fewest, 1)
      await space.until('one pod to be left', () => livePods(space).length === 1)
      assert.ok(uids(space).every((uid) => !before.includes(uid)))
    })
  })

  describe('role metadata', () => {
    test('changes hands with a promotion, on the same pods', async () => {
      const space = await stage.workspace('roles')
      const roles = {
        canaryMetadata: { labels: { role: 'canary' } },
        stableMetadata: { labels: { role: 'stable' }, annotations: { 'example.test/role': 'stable' } },
      }
      const carried = () =>
        livePods(space)
          .map(({ metadata }) => metadata.labels?.role ?? '-')
          .sort()
          .join(' ')
      await space.apply(...canary({ routed: false, steps: [{ setWeight: 50 }, { pause: {} }], canary: roles }))
      await space.untilPhase('Healthy')
      assert.equal(carried(), 'stable stable')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      assert.equal(carried(), 'canary stable')
      const born = livePods(space).find(({ metadata }) => metadata.labels?.role === 'canary')
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.untilPhase('Healthy')
      await space.until('the new pods to be stable', () => carried() === 'stable stable')
      const same = livePods(space).find(({ metadata }) => metadata.uid === born?.metadata.uid)
      assert.equal(same?.metadata.annotations?.['example.test/role'], 'stable', 'it is the pod that was the canary')
      await space.until('nothing to be pending', () =>
        space.replicaSets().every((rs) => rs.metadata.annotations?.['penstock.dev/pending-pod-metadata'] === undefined),
      )
    })
  })
}
