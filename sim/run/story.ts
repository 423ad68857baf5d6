/** A run told for people: what was done to the cluster, what the controller wrote, what users felt, up to the moment that matters. Reads pass unsaid. */

import { renderFault } from '../faults/fault.ts'
import { renderAction } from './action.ts'
import type { Plan } from './plan.ts'
import type { Result } from './run.ts'

const LONGEST_STORY = 80

const isTold = (line: string): boolean =>
  / → (create|patch|delete|evict) (?!events|leases)/.test(line) ||
  /fault:|actor:|healed|gateway obeys|served by|endpoints |pod \S+ (not ready|evicted)|dies|is dead|starts|exits|alert| warns | fails /.test(
    line,
  )

const renderLine = (line: string): string => {
  const at = line.indexOf(' ')
  return `${(Number(line.slice(0, at)) / 1000).toFixed(3).padStart(9)} s ${line.slice(at + 1)}`
}

/** The last lines before the first violation, or the whole log. */
export function renderStory({ lines, violations }: Result, isWhole: boolean): readonly string[] {
  if (isWhole) return lines.map(renderLine)
  const untilMs = violations[0]?.atMs ?? Number.POSITIVE_INFINITY
  const told = lines.filter((line) => Number.parseInt(line, 10) <= untilMs && isTold(line))
  const left = told.length - LONGEST_STORY
  return [...(left > 0 ? [`  … ${left} lines before`] : []), ...told.slice(-LONGEST_STORY).map(renderLine)]
}

/** What the seed stands for, in full. */
export function renderPlan({ scenario, actions, faults, processes, skewMs, healAtMs }: Plan): readonly string[] {
  const { rollout, strategy, podReadyMs, gatewayLagMs } = scenario
  const world = { processes, skewMs, healAtMs, podReadyMs, gatewayLagMs }
  return [
    `scenario: ${strategy} ${JSON.stringify(rollout.spec)}`,
    `world: ${JSON.stringify(world)}`,
    ...actions.map((action) => `action: ${renderAction(action)}`),
    ...faults.map((fault) => `fault: ${renderFault(fault)}`),
  ]
}
