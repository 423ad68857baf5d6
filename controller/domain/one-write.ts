/**
 * At most one write a pass for each ReplicaSet: each carries the version that was observed, so a second one would always fail, and what it was
 * to remember would be lost. Sub-decisions need not know of each other; what they want is put together here. It must not drop or reorder anything
 * else.
 */
import type { Action, Part } from './plan.ts'

type Write = Extract<Action, { readonly do: 'scale' | 'annotateReplicaSet' }>

const isWrite = (action: Action): action is Write => action.do === 'scale' || action.do === 'annotateReplicaSet'

/** Annotations join the scaling of the same ReplicaSet, or the first annotation; of equal keys the later one counts. */
export function writeOnce(part: Part): Part {
  const actions = part.actions ?? []
  const replaced = new Map<Action, Action | undefined>()
  for (const writes of groupByName(actions.filter(isWrite))) {
    const [first] = writes
    const kept = writes.find((write) => write.do === 'scale') ?? first
    if (!kept || writes.length === 1) continue
    const annotations = Object.assign({}, ...writes.map((write) => write.annotations))
    for (const write of writes) replaced.set(write, write === kept ? { ...kept, annotations } : undefined)
  }
  if (replaced.size === 0) return part
  const current = (action: Action): Action | undefined => (replaced.has(action) ? replaced.get(action) : action)
  return {
    ...part,
    actions: actions.flatMap((action) => current(action) ?? []),
    events: (part.events ?? []).map((event) => {
      const action = event.action && current(event.action)
      return action ? { ...event, action } : event
    }),
  }
}

function groupByName(writes: readonly Write[]): readonly (readonly Write[])[] {
  const groups = new Map<string, Write[]>()
  for (const write of writes) {
    const { name } = write.replicaSet.metadata
    groups.set(name, [...(groups.get(name) ?? []), write])
  }
  return [...groups.values()]
}
