/** What people do to a release, by the CLI as a process and by kubectl. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { canary, imageOf } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const steps = [{ setWeight: 50 }, { pause: {} }]

/** Every action answers with one JSON document that says that something changed. */
async function act(space: Workspace, ...args: readonly string[]): Promise<void> {
  const { code, json, stderr } = await space.cli(...args, '--json')
  assert.equal(code, 0, stderr)
  assert.equal(json?.changed, true, `${args.join(' ')}: ${JSON.stringify(json)}`)
  assert.equal(json?.name, 'web')
}

async function kubectlWait(space: Workspace, condition: string): Promise<void> {
  const { code, stderr } = await space.kubectl('wait', `--for=condition=${condition}`, 'rollout/web', '--timeout=30s')
  assert.equal(code, 0, stderr)
}

export function byHandPaths(stage: Stage): void {
  describe('by hand', { concurrency: 4 }, () => {
    test('abort takes the traffic back, retry starts again, promote ends it', async () => {
      const space = await stage.workspace('abort-retry')
      await space.apply(...canary({ steps }))
      await kubectlWait(space, 'Healthy')
      await space.setImage(imageOf(2))
      await kubectlWait(space, 'Paused')
      await space.untilPausedAt(1)

      await act(space, 'abort', 'web')
      await space.untilPhase('Degraded', /RolloutAborted: Rollout aborted update to revision 2/)
      await kubectlWait(space, 'Progressing=False')
      await space.until('all traffic to be back', () => space.weights().at(-1) === 0)
      await space.until('the canary to go', () => space.replicaSetOf(imageOf(2)).spec.replicas === 0)
      const status = await space.cli('status', 'web', '--json')
      assert.equal(status.code, 1, 'a degraded rollout is an exit code of 1')
      assert.equal(status.json?.phase, 'Degraded')

      await act(space, 'retry', 'web')
      await space.untilPausedAt(1)
      await act(space, 'promote', 'web')
      const waited = await space.cli('status', 'web', '--wait', '--timeout', '30s', '--json')
      assert.equal(waited.code, 0, waited.stderr)
      assert.equal(waited.json?.phase, 'Healthy')
      await space.until('the route to be back at the stable Service', () => space.weights().at(-1) === 0)
      assert.deepEqual(space.weights(), [0, 50, 0, 50, 100, 0])
      assert.equal(space.rollout().status?.stableRS, space.rollout().status?.currentPodHash)
    })

    test('undo of an aborted release goes back to the stable template without any step', async () => {
      const space = await stage.workspace('undo')
      await space.apply(...canary({ steps }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      const hash = space.rollout().status?.stableRS
      await act(space, 'undo', 'web')
      await space.untilPhase('Healthy')
      assert.equal(space.rollout().status?.stableRS, hash)
      await space.until('all traffic to be back', () => space.weights().at(-1) === 0)
      assert.deepEqual(space.weights(), [0, 50, 0])
      assert.equal(space.replicaSets().length, 2, 'a template that was there before gets its ReplicaSet again')
      const refused = await space.cli('undo', 'web', '--to-revision', '99', '--json')
      assert.equal(refused.code, 1)
      assert.match(String(refused.json?.error), /revision 99 is not kept/)
    })

    test('promote --full skips what is left; a second promote changes nothing', async () => {
      const space = await stage.workspace('full')
      const many = [
        { setWeight: 10 },
        { pause: {} },
        { setWeight: 20 },
        { pause: {} },
        { setWeight: 30 },
        { pause: {} },
      ]
      await space.apply(...canary({ steps: many }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      await act(space, 'promote', 'web', '--full')
      await kubectlWait(space, 'Completed')
      await space.untilPhase('Healthy')
      await space.until('the route to be back at the stable Service', () => space.weights().at(-1) === 0)
      assert.deepEqual(space.weights(), [0, 10, 100, 0])
      const again = await space.cli('promote', 'web', '--full', '--json')
      assert.equal(again.code, 0, again.stderr)
      assert.equal(again.json?.changed, false)
    })

    test('pause holds an update before the next step until it is promoted', async () => {
      const space = await stage.workspace('pause')
      await space.apply(...canary({ steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] }))
      await space.untilPhase('Healthy')
      await act(space, 'pause', 'web')
      await space.untilPhase('Paused', /manually paused/)
      await space.setImage(imageOf(2))
      await space.untilPhase('Paused', /manually paused/)
      await stage.passes(space, 2)
      assert.deepEqual(space.weights(), [0])
      await act(space, 'promote', 'web')
      await space.untilPhase('Healthy')
      assert.equal(space.rollout().spec.paused, false)
    })

    test('get, list and explain tell what stands where', async () => {
      const space = await stage.workspace('read')
      await space.apply(...canary({ steps }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      const [tree, list, story, missing] = await Promise.all([
        space.cli('get', 'web'),
        space.cli('list', '--json'),
        space.cli('explain', 'web'),
        space.cli('get', 'nobody', '--json'),
      ])
      assert.equal(tree.code, 0, tree.stderr)
      assert.match(tree.stdout, /web.*Paused/s)
      assert.equal(list.code, 0, list.stderr)
      assert.match(JSON.stringify(list.json), /"web"/)
      assert.equal(story.code, 0, story.stderr)
      assert.match(story.stdout, /promote/)
      assert.equal(missing.code, 1)
      assert.match(String(missing.json?.error), /nobody/)
    })
  })
}
