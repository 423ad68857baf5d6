/** Somebody else writes the Rollout while a pass is under way, or the process dies in the middle of its writes: nothing of either is lost. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { readOutbox } from '../../../controller/api/notice.ts'
import type { Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { rollout } from '../../builders/rollout.ts'
import { setUp } from './one-rollout.ts'

const steps = [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }]

/** Paused at the second of four steps. */
async function paused(t: TestContext) {
  const shop = await setUp(t, rollout({ replicas: 4, routed: false, steps }))
  await shop.rest()
  await shop.patch({ spec: { template: rollout({ image: 'shop:2' }).spec.template } })
  await shop.rest()
  assert.equal(shop.read().status?.phase, 'Paused')
  return shop
}

const kindsOfNotices = ({ metadata }: Rollout) => readOutbox(metadata.annotations).map(({ kind }) => kind)

describe('a Rollout that changes while a pass is under way', () => {
  test('a skip that comes just before the next step is written is obeyed', async (t) => {
    const shop = await setUp(t, rollout({ replicas: 4, routed: false, steps }))
    await shop.rest()
    const { client } = shop.kube
    const { patch } = client
    let isAsked = false
    const overtaken: typeof patch = async (ref, type, body, options) => {
      const { status } = body as { readonly status?: RolloutStatus }
      if (!isAsked && status?.currentStepIndex === 1) {
        isAsked = true
        await patch(shop.ref, 'merge', { status: { currentStepIndex: 3 } }, { subresource: 'status' })
      }
      return patch(ref, type, body, options)
    }
    Object.assign(client, { patch: overtaken })
    await shop.patch({ spec: { template: rollout({ image: 'shop:2' }).spec.template } })
    await shop.rest()
    assert.ok(isAsked)
    assert.equal(shop.read().status?.currentStepIndex, 3)
  })

  test('a notice is stored before the status that it tells of', async (t) => {
    const shop = await paused(t)
    await shop.patch({ status: { abort: true } })
    // The process dies at its second write of the Rollout.
    let writes = 0
    shop.kube.before((verb, target) => {
      if (verb !== 'patch' || !target.startsWith('rollouts')) return
      writes += 1
      if (writes > 1) throw new KubeError({ code: 0, reason: 'ConnectionLost' }, target)
    })
    await assert.rejects(shop.pass())
    assert.deepEqual(kindsOfNotices(shop.read()).slice(-1), ['Aborted'])
    assert.equal(shop.read().status?.abortedAt, undefined, 'and its status is not')
  })

  test('a ReplicaSet that a pass before has created, unseen, is taken as created', async (t) => {
    const shop = await setUp(t)
    shop.kube.after((verb, target) => {
      if (verb === 'create' && target.startsWith('replicasets'))
        throw new KubeError({ code: 409, reason: 'AlreadyExists' }, target)
    })
    await shop.pass()
    shop.kube.after(() => {})
    assert.ok(shop.told.includes('NewReplicaSetCreated'), shop.told.join(', '))
    await shop.rest()
    assert.equal(shop.kube.all(kinds.replicaSets).length, 1)
    assert.equal(shop.read().status?.phase, 'Healthy')
  })
})
