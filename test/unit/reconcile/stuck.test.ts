/** When repeated passes are a hot loop, and what brings them out of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { Plan } from '../../../controller/domain/plan.ts'
import { withoutStuck, withStuck } from '../../../controller/domain/stuck-condition.ts'
import type { World } from '../../../controller/domain/world.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import type { Outcome } from '../../../controller/reconcile/apply.ts'
import { createStuckWatch } from '../../../controller/reconcile/stuck.ts'
import { world } from '../../builders/world.ts'

const quiet: Outcome = { done: [], deferred: [], refusals: [] }
const view = world({ fresh: [0, 0], status: { conditions: [] } })
const plan: Plan = { ...decide(view), actions: [{ do: 'annotateRollout', annotations: { a: 'b' } }] }
const [action] = plan.actions
if (!action) throw new Error('it has one')
const refused: Outcome = { ...quiet, failure: { action, error: new Error('quota') } }

function run(
  passes: number,
  everyMs: number,
  change: (pass: number) => Partial<{ world: World; plan: Plan; outcome: Outcome }>,
) {
  let nowMs = 0
  const watch = createStuckWatch({ monotonicMs: () => nowMs })
  const found: (string | undefined)[] = []
  for (let pass = 0; pass < passes; pass++) {
    const now: World = { ...view, now: nowMs }
    const { world: seen = now, plan: wanted = plan, outcome = refused } = change(pass)
    found.push(watch.note('web/shop', seen, wanted, outcome))
    nowMs += everyMs
  }
  return found
}

const rows: readonly (readonly [string, readonly (string | undefined)[], number])[] = [
  ['five equal passes are none', run(5, 500, () => ({})), -1],
  ['the sixth within ten seconds is', run(8, 500, () => ({})), 5],
  ['six in a moment are none yet: a webhook may restart', run(8, 50, () => ({})), -1],
  ['more than a second of them are', run(40, 50, () => ({})), 20],
  ['once in two seconds is a retry, not a loop', run(5, 2_400, () => ({})), -1],
  ['a loop stays one however slow it gets', run(8, 500, () => ({})), 5],
  [
    'a world that changes is none',
    run(20, 500, (pass) => ({
      world: { ...view, now: pass, routes: [], replicaSets: view.replicaSets.slice(pass % 2) },
    })),
    -1,
  ],
  [
    'another refusal is another series',
    run(20, 500, (pass) => ({ outcome: { ...refused, failure: { action, error: new Error(`quota ${pass}`) } } })),
    -1,
  ],
  [
    'a lost race is none',
    run(20, 500, () => ({
      outcome: { ...quiet, failure: { action, error: new KubeError({ code: 409, reason: 'Conflict' }, 'patch') } },
    })),
    -1,
  ],
  [
    'a write that is left every time is',
    run(8, 500, () => ({ outcome: { ...quiet, deferred: [{ action, why: 'no endpoint' }] } })),
    5,
  ],
  ['a write that is done every time and changes nothing is', run(8, 500, () => ({ outcome: quiet })), 5],
  ['nothing to do is none', run(20, 500, () => ({ plan: { ...plan, actions: [] }, outcome: quiet })), -1],
  [
    'to be woken at once, for nothing, is',
    run(8, 500, () => ({ plan: { ...plan, actions: [], wakeAtMs: 0 }, outcome: quiet })),
    5,
  ],
  [
    'to be woken later is none',
    run(20, 500, () => ({ plan: { ...plan, actions: [], wakeAtMs: 1e9 }, outcome: quiet })),
    -1,
  ],
]

describe('a hot loop', () => {
  for (const [name, found, first] of rows)
    test(name, () =>
      assert.equal(
        found.findIndex((what) => what !== undefined),
        first,
      ),
    )

  test('is still one after it was told on the Rollout', () => {
    const told = withStuck(view.rollout.status ?? {}, { now: 0, what: 'x' })
    const after: World = { ...view, rollout: { ...view.rollout, status: told } }
    const found = run(12, 500, (pass) => ({ world: pass > 5 ? after : view }))
    assert.ok(found.slice(5).every((what) => what !== undefined))
  })

  test('is told in words that name the attempt and the refusal', () =>
    assert.equal(run(6, 500, () => ({})).at(-1), 'annotate rollout a=b failed: quota'))

  test('is forgotten with the Rollout', () => {
    let nowMs = 0
    const watch = createStuckWatch({ monotonicMs: () => nowMs })
    const note = () => {
      nowMs += 500
      return watch.note('k', view, plan, refused)
    }
    for (let pass = 0; pass < 7; pass++) note()
    assert.notEqual(note(), undefined)
    watch.forget('k')
    assert.equal(note(), undefined)
  })
})

describe('the condition Stuck', () => {
  const before: RolloutStatus = { conditions: [{ type: 'Available', status: 'True', reason: 'r', message: 'm' }] }
  const stuck = withStuck(before, { now: 0, what: 'create ReplicaSet x failed: quota' })
  test('says what is tried', () =>
    assert.equal(
      stuck.conditions?.at(-1)?.message,
      'the same pass is repeated and changes nothing: create ReplicaSet x failed: quota',
    ))
  test('is written once', () => assert.equal(withStuck(stuck, { now: 9, what: 'else' }), stuck))
  test('goes without a trace', () => assert.deepEqual(withoutStuck(stuck), before))
  test('is survived by a status that never had it', () => assert.equal(withoutStuck(before), before))
  test('stays through a decision', () => {
    const status = { ...view.rollout.status, conditions: stuck.conditions ?? [] }
    const after = decide({ ...view, rollout: { ...view.rollout, status } })
    assert.ok(after.status.conditions?.some(({ type }) => type === 'Stuck'))
  })
})
