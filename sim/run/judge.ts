/** Looks at the true cluster after everything that changes it, and remembers which invariants were broken, and which writes took effect. */
import type { Write } from '../cluster/kube-edge.ts'
import type { World } from '../cluster/world.ts'
import { invariants } from '../invariants/all.ts'
import type { Context, Violation, WriteCause } from '../invariants/invariant.ts'
import type { Scenario } from './scenario.ts'

/** One run's judge. Of each invariant the first breach is kept. `clockLeadMs`: see {@link Context}. */
export function createJudge(scenario: Scenario, world: () => World, clockLeadMs = 0) {
  const violations: Violation[] = []
  const writes: WriteCause[] = []
  let before = world()
  let lastWriteMs = 0
  const tell = (id: string, sentence: string, atMs: number): void => {
    if (!violations.some((known) => known.id === id)) violations.push({ id, atMs, sentence })
  }

  function check(cause: Context['cause']): void {
    const after = world()
    if (after.version === before.version && after.dataPlane === before.dataPlane) return
    for (const invariant of invariants) {
      const sentence = invariant.check(before, after, { cause, scenario, clockLeadMs })
      if (sentence !== undefined) tell(invariant.id, sentence, after.atMs)
    }
    before = after
  }
  return {
    violations,
    writes,
    tell,
    lastWriteMs: () => lastWriteMs,
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
  }
}
