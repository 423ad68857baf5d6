/** Why nothing was found: one more question tells a selector that matches nothing from a label that is missing. Gives one sentence with the fix. */
import { listPurposes } from '../../analysis/providers/gate/queries.ts'
import type { Ask } from '../../analysis/providers/gate/samples-of-run.ts'
import { addMatchers } from '../../controller/metric-language/gate-selector.ts'
import type { CompiledGate } from './compile-gates.ts'

const WINDOW_MS = 5 * 60_000

export async function findAbsence({ gate, plan }: CompiledGate, at: number, ask: Ask): Promise<string> {
  const [purpose = 'requests'] = listPurposes(plan)
  const text = { requests: plan.requests, failed: plan.failed, buckets: plan.buckets, event: plan.event }[purpose]
  const selector = addMatchers(text, plan.matchers)
  const answer = await ask({ selector, at, windowMs: WINDOW_MS })
  if ('series' in answer && answer.series.length > 0)
    return `${gate.name}: series match ${selector}, but none has the label ${plan.version.label}, which tells versions apart; copy it from the pods in the scrape configuration, or set versionLabel`
  return `${gate.name}: no series match ${selector} in that time; compare its names and labels with what Prometheus has, and --from and --to with its retention`
}
