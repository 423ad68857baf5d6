/** Alertmanager's posts against real rollouts: what is obeyed is stored before the answer, and nothing else does harm. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type AlertAnswer, type AlertShape, postAlert } from '../alert-sender.ts'
import { WEBHOOK_TOKEN } from '../controller.ts'
import { canary, imageOf } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const steps = [{ setWeight: 50 }, { pause: {} }]

export function alertPaths(stage: Stage): void {
  const post = (namespace: string, shape: AlertShape, token?: string): Promise<AlertAnswer> =>
    postAlert(stage.controller(), namespace, shape, token)

  async function updating(title: string): Promise<Workspace> {
    const space = await stage.workspace(title)
    await space.apply(...canary({ steps }))
    await space.untilPhase('Healthy')
    await space.setImage(imageOf(2))
    await space.untilPausedAt(1)
    return space
  }

  const storedRequests = (space: Workspace): string => JSON.stringify(space.rollout().metadata.annotations ?? {})

  describe('alerts', { concurrency: 3 }, () => {
    test('a firing alert aborts: stored before the answer, stable restored after it, told on the Rollout', async () => {
      const space = await updating('alert')
      const startsAt = new Date().toISOString()
      const answer = await post(space.namespace, { startsAt })
      assert.deepEqual(answer, { status: 200, decision: 'abort', reason: 'AlertFiring' })
      const live = await space.kubectl('get', 'rollout', 'web', '-o', 'jsonpath={.metadata.annotations}')
      assert.match(live.stdout, /5ef77f1f8a3ecfa5/, 'the intent is stored by the time of the answer')
      await space.untilPhase('Degraded', /RolloutAborted: .*HighErrorRate is firing: 12 % of requests fail/)
      await space.until('stable to have all traffic', () => space.weights().at(-1) === 0)
      assert.deepEqual(space.weights(), [0, 50, 0])

      assert.equal((await post(space.namespace, { startsAt })).reason, 'AlreadyAborted')
      assert.equal((await space.cli('retry', 'web')).code, 0)
      await space.untilPausedAt(1)
      const repeated = await post(space.namespace, { startsAt })
      assert.equal(repeated.status, 200)
      assert.equal(repeated.decision, 'ignored', 'Alertmanager repeats what still fires; a retry is not undone by it')
      await stage.passes(space, 2)
      assert.equal(space.rollout().status?.abort ?? false, false)
      assert.deepEqual(space.weights(), [0, 50, 0, 50])
    })

    test('resolved alerts, other rollouts, other revisions and wrong tokens change nothing', async () => {
      const space = await updating('no-harm')
      const before = storedRequests(space)
      const stable = String(space.rollout().status?.stableRS)
      const rows: readonly (readonly [string, AlertShape])[] = [
        ['Resolved', { status: 'resolved' }],
        ['UnknownRollout', { rollout: 'nobody' }],
        ['StableRevision', { labels: { rollouts_pod_template_hash: stable } }],
        ['OtherRevision', { labels: { rollout_revision: '7' } }],
        ['OlderThanCanary', { startsAt: '2020-01-01T00:00:00.000Z' }],
        ['NotAGate', { labels: { penstock_gate: 'ignore' } }],
      ]
      for (const [reason, shape] of rows)
        assert.deepEqual(await post(space.namespace, shape), { status: 200, decision: 'ignored', reason })
      assert.equal((await post(space.namespace, {}, 'a-token-that-nobody-gave')).status, 401)
      assert.equal((await post('kube-system', {})).reason, 'UnknownRollout')
      await stage.passes(space, 2)
      assert.equal(storedRequests(space).includes('5ef77f1f8a3ecfa5'), before.includes('5ef77f1f8a3ecfa5'))
      assert.equal(space.rollout().status?.phase, 'Paused')
      assert.deepEqual(space.weights(), [0, 50])
    })

    test('an alert that is declared to pause holds, and promote goes on', async () => {
      const space = await stage.workspace('alert-pause')
      await space.apply(...canary({ steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }] }))
      await space.untilPhase('Healthy')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      assert.equal((await post(space.namespace, { labels: { penstock_gate: 'pause' } })).decision, 'pause')
      await space.until('the pause of the alert', () =>
        Boolean(space.rollout().status?.pauseConditions?.some(({ reason }) => reason !== 'CanaryPauseStep')),
      )
      await space.until('the request to be marked as obeyed', () => storedRequests(space).includes('consumedAt'))
      assert.equal((await space.cli('promote', 'web')).code, 0)
      await space.untilPausedAt(3)
      assert.deepEqual(space.weights(), [0, 50, 75])
    })

    test('what is no payload is refused for good, with a reason', async () => {
      const url = `${stage.controller().webhookUrl}/webhooks/alertmanager`
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${WEBHOOK_TOKEN}` }
      const send = async (body: string) => {
        const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) })
        return { status: response.status, text: await response.text() }
      }
      assert.equal((await send('{')).status, 400)
      assert.match((await send('{"version":"9"}')).text, /version|alerts/)
      assert.equal((await send(' '.repeat(2 << 20))).status, 413)
    })
  })
}
