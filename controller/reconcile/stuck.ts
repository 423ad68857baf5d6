/**
 * Notices a Rollout whose passes repeat themselves: the same view of the world, the same writes or the same refusal, and nothing comes of it. More
 * than five such passes within ten seconds, and for more than one, are a hot loop: it is told on the Rollout, and the next pass is held back. Any
 * change of the world starts the count anew, so that nobody who repairs something has to wait. It must not decide what the passes do.
 */
import { fnv1a } from '../argo/pod-hash.ts'
import type { Plan } from '../domain/plan.ts'
import { renderAction } from '../domain/story.ts'
import { withoutStuck } from '../domain/stuck-condition.ts'
import type { World } from '../domain/world.ts'
import { isPreconditionFailed } from '../kube/apply.ts'
import type { Outcome } from './apply.ts'

export interface StuckWatch {
  /** Counts one pass; returns the words of its loop once there is one. */
  note(key: string, world: World, plan: Plan, outcome: Outcome): string | undefined
  forget(key: string): void
}

export interface StuckWatchOptions {
  readonly monotonicMs: () => number
  readonly maxPasses?: number
  readonly windowMs?: number
}

/** A cache that lags, or a webhook that restarts, is not told. */
const MIN_AGE_MS = 1_000

interface Series {
  readonly what: string
  /** Of the view; worked out only when the next pass attempts the same. */
  readonly fingerprint: () => number
  readonly startedMs: number
  readonly passes: number
  readonly isStuck: boolean
}

export function createStuckWatch({ monotonicMs, maxPasses = 5, windowMs = 10_000 }: StuckWatchOptions): StuckWatch {
  const series = new Map<string, Series>()
  return {
    note(key, world, plan, outcome) {
      const what = describe(world, plan, outcome)
      if (what === undefined) {
        series.delete(key)
        return undefined
      }
      const nowMs = monotonicMs()
      const fingerprint = once(() => fnv1a(viewOf(world)))
      const before = series.get(key)
      const goesOn =
        before !== undefined &&
        (before.isStuck || nowMs - before.startedMs < windowMs) &&
        before.what === what &&
        before.fingerprint() === fingerprint()
      const passes = goesOn ? before.passes + 1 : 1
      const startedMs = goesOn ? before.startedMs : nowMs
      const isStuck = (goesOn && before.isStuck) || (passes > maxPasses && nowMs - startedMs >= MIN_AGE_MS)
      series.set(key, { what, fingerprint, passes, isStuck, startedMs })
      return isStuck ? what : undefined
    },
    forget: (key) => void series.delete(key),
  }
}

function once<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => {
    known ??= { value: compute() }
    return known.value
  }
}

/** What the pass tried, in a stable sentence; undefined when it tried nothing, or lost a race. */
function describe({ now }: World, { actions, wakeAtMs }: Plan, { failure, deferred }: Outcome): string | undefined {
  if (failure) {
    if (isPreconditionFailed(failure.error)) return undefined
    const why = failure.error instanceof Error ? failure.error.message : String(failure.error)
    return `${renderAction(failure.action)} failed: ${why.slice(0, 300)}`
  }
  const [left] = deferred
  if (left) return `${renderAction(left.action)} is left: ${left.why}`
  if (actions.length > 0) return `${actions.map(renderAction).join(', ')} changed nothing`.slice(0, 500)
  return wakeAtMs !== undefined && wakeAtMs <= now ? 'nothing is due though it asked to be woken' : undefined
}

/** What a decision reads, without the time, and without what telling of the loop itself changes. */
function viewOf({ now: _now, rollout, ...rest }: World): string {
  const { resourceVersion: _version, managedFields: _fields, ...metadata } = rollout.metadata
  const { templates: _templates, ...objects } = rest
  return JSON.stringify([metadata, rollout.spec, withoutStuck(rollout.status ?? {}), objects])
}
