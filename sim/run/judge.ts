/** Looks at the true cluster after everything that changes it, and remembers which invariants were broken, and which writes took effect. */
import type { Write } from '../cluster/kube-edge.ts'
import type { World } from '../cluster/world.ts'
import { invariants } from '../invariants/all.ts'
import type { WriteCause } from '../invariants/cause.ts'
import { stateInvariants, type Told } from '../invariants/end.ts'
import { emptyHistory, remember } from '../invariants/history.ts'
import type { Context, Post, Violation } from '../invariants/invariant.ts'
import type { Scenario } from './scenario.ts'

/** What a run tells its judge besides the world. */
export interface JudgeOptions {
  /** See {@link Context}; 0 when absent. */
  readonly clockLeadMs?: number
  readonly epochMs?: number
  readonly blindMs?: number
}

/** One run's judge. Of each invariant the first breach is kept. */
export function createJudge(
  scenario: Scenario,
  world: () => World,
  { clockLeadMs = 0, epochMs = 0, blindMs = 0 }: JudgeOptions = {},
) {
  const violations: Violation[] = []
  const writes: WriteCause[] = []
  const posts: Post[] = []
  const told: Told[] = []
  let history = emptyHistory
  let before = world()
  let lastWriteMs = 0
  let healedMs: number | undefined
  const tell = (id: string, sentence: string, atMs: number): void => {
    if (!violations.some((known) => known.id === id)) violations.push({ id, atMs, sentence })
  }

  function check(cause: Context['cause']): void {
    const after = world()
    if (after.version === before.version && after.dataPlane === before.dataPlane) return
    const context = { cause, scenario, clockLeadMs, epochMs, blindMs, history, posts, healedMs }
    for (const invariant of invariants) {
      const sentence = invariant.check(before, after, context)
      if (sentence !== undefined) tell(invariant.id, sentence, after.atMs)
    }
    history = remember(history, before, after, cause)
    before = after
  }
  return {
    violations,
    writes,
    tell,
    lastWriteMs: () => lastWriteMs,
    onPost: (post: Post) => void posts.push(post),
    onTold: (message: Told) => void told.push(message),
    /** From now on nothing goes wrong any more, and things have to come to their end in time. */
    expectProgress(sinceMs: number) {
      healedMs = sinceMs
    },
    onStep: (label: string) => check({ kind: 'step', label }),
    onWrite(write: Write, apply: () => Promise<unknown>): Promise<unknown> {
      check({ kind: 'step', label: 'before a write' })
      const versionBefore = world().version
      const answer = apply()
      const cause: WriteCause = { kind: 'write', ...write }
      if (world().version !== versionBefore) {
        if (write.plural !== 'leases' && write.plural !== 'events') lastWriteMs = world().atMs
        writes.push(cause)
      }
      check(cause)
      return answer
    },
    /** The Rollout is at rest, and nobody will do anything any more. */
    judgeEnd(isUndisturbed: boolean, log: readonly string[]) {
      const said = [...log, ...writes.map(({ body }) => JSON.stringify(body) ?? ''), ...told.map((one) => one.id)]
      const end = { world: world(), scenario, history, told, isUndisturbed, said }
      for (const invariant of stateInvariants) {
        const sentence = invariant.check(end)
        if (sentence !== undefined) tell(invariant.id, sentence, end.world.atMs)
      }
    },
  }
}
