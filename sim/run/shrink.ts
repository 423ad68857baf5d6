/**
 * Delta debugging: the smallest part of a plan's actions and faults that still breaks the same invariant. It tries halves, then quarters, and so on,
 * within a bound on the number of runs.
 */
import type { Plan } from './plan.ts'
import { type Result, run } from './run.ts'

const MOST_RUNS = 120

type Item = { readonly action: Plan['actions'][number] } | { readonly fault: Plan['faults'][number] }

const itemsOf = ({ actions, faults }: Plan): readonly Item[] => [
  ...actions.map((action) => ({ action })),
  ...faults.map((fault) => ({ fault })),
]

const withItems = (plan: Plan, items: readonly Item[]): Plan => ({
  ...plan,
  actions: items.flatMap((item) => ('action' in item ? [item.action] : [])),
  faults: items.flatMap((item) => ('fault' in item ? [item.fault] : [])),
})

/** `plan` has to break the invariant `id`. */
export async function shrink(plan: Plan, id: string): Promise<{ readonly plan: Plan; readonly result: Result }> {
  let items = itemsOf(plan)
  let result = await run(plan)
  let runs = 1
  let pieces = 2
  while (items.length > 0 && runs < MOST_RUNS) {
    const size = Math.ceil(items.length / pieces)
    let isSmaller = false
    for (let from = 0; from < items.length && runs < MOST_RUNS; from += size) {
      const rest = [...items.slice(0, from), ...items.slice(from + size)]
      const attempt = await run(withItems(plan, rest))
      runs += 1
      if (!attempt.violations.some((violation) => violation.id === id)) continue
      items = rest
      result = attempt
      isSmaller = true
      break
    }
    if (!isSmaller && size === 1) break
    pieces = isSmaller ? Math.max(2, pieces - 1) : pieces * 2
  }
  return { plan: withItems(plan, items), result }
}
