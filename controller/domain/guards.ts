/**
 * Facts that keep a Rollout as it is, in order: it is being deleted, its spec cannot be understood, its size is not written down, an object that
 * it names is missing. Only the first ones keep an abort from acting (L2), whoever asks for it: a person, an alert, an analysis or the deadline.
 */
import type { Condition, RolloutStatus } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import { findCondition } from './deadline.ts'
import { displayPhase } from './phase.ts'
import type { Plan } from './plan.ts'
import { type Problem, renderProblems } from './validation/problem.ts'
import { validateRollout } from './validation/validate.ts'
import { validateReferences } from './validation/validate-references.ts'
import { findMissingWorkload, validateWorkload } from './workload-ref.ts'
import type { World } from './world.ts'

/** How long until an invalid Rollout is looked at again though nothing changed. */
const INVALID_RECHECK_MS = 20_000

/** Before anything reads the spec: it may be of any shape. */
export const refuseRollout = (world: World): Plan | undefined =>
  beingDeleted(world) ?? invalidSpec(world) ?? withoutReplicas(world)

/** What the spec names and is not there, or does not fit. */
export function refuseReferences(world: World): Plan | undefined {
  const missing = findMissingWorkload(world)
  const problems = [...(missing ? [missing] : []), ...validateReferences(world)]
  return problems.length > 0 ? refuse(world, problems) : undefined
}

function beingDeleted(world: World): Plan | undefined {
  if (!world.rollout.metadata.deletionTimestamp) return undefined
  const hold = { reason: 'BeingDeleted', message: 'the Rollout is being deleted' }
  return { actions: [], status: world.rollout.status ?? {}, events: [], notices: [], holds: [hold] }
}

function invalidSpec(world: World): Plan | undefined {
  const manifest = validateRollout(world.rollout)
  const problems = manifest.length > 0 ? manifest : validateWorkload(world)
  return problems.length > 0 ? refuse(world, problems) : undefined
}

/** The default is written down first, as Argo does; everything else follows in the pass after that write. */
function withoutReplicas(world: World): Plan | undefined {
  const { spec, status = {} } = world.rollout
  if (spec.replicas !== undefined && spec.replicas !== null) return undefined
  return { actions: [{ do: 'setDefaultReplicas' }], status, events: [], notices: [], holds: [] }
}

/** Says what is wrong and touches nothing else; what runs keeps running. */
function refuse(world: World, problems: readonly Problem[]): Plan {
  const previous = world.rollout.status ?? {}
  const message = `The Rollout "${world.rollout.metadata.name}" is invalid: ${renderProblems(problems)}`
  const before = findCondition(previous, 'InvalidSpec')
  const now = formatInstant(world.now)
  const same = before?.message === message
  const condition: Condition = same
    ? before
    : {
        type: 'InvalidSpec',
        status: 'True',
        reason: 'InvalidSpec',
        message,
        lastUpdateTime: now,
        lastTransitionTime: before?.lastTransitionTime ?? now,
      }
  const conditions = [...(previous.conditions ?? []).filter(({ type }) => type !== 'InvalidSpec'), condition]
  const next: RolloutStatus = {
    ...previous,
    conditions,
    observedGeneration: String(world.rollout.metadata.generation ?? 0),
  }
  const status = { ...next, ...displayPhase(next, world.rollout.spec) }
  return {
    actions: [],
    status,
    events: same ? [] : [{ type: 'Warning', reason: 'InvalidSpec', message }],
    notices: [],
    holds: [{ reason: 'InvalidSpec', message }],
    wakeAtMs: world.now + INVALID_RECHECK_MS,
  }
}
