/** When alerts fired, as Prometheus kept it in its own series ALERTS. A release during which one fired would have been taken back at that moment. */
import type { FiredAlert } from '../../analysis/domain/backtest/replay-plan.ts'
import type { Ask } from '../../analysis/providers/gate/samples-of-run.ts'
import { parseAlertMatcher } from '../../controller/metric-language/alert-matcher.ts'
import { addMatchers } from '../../controller/metric-language/gate-selector.ts'
import { CliError } from '../cli-error.ts'
import { mapInOrder } from './in-order.ts'
import { askChunk, listChunks } from './read-past.ts'

export interface AlertOrder {
  readonly policy: string
  /** As Alertmanager writes them; an alert has to match them all. */
  readonly matchers: readonly string[]
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
  readonly parallel: number
}

/** Every sample of a firing alert, ascending; none without matchers. Throws CliError for a matcher that is none. */
export async function readAlerts(order: AlertOrder, ask: Ask): Promise<readonly FiredAlert[]> {
  const { policy, matchers, from, to, parallel } = order
  if (matchers.length === 0) return []
  const selector = addMatchers(
    'ALERTS{alertstate="firing"}',
    matchers.map((text) => {
      const matcher = parseAlertMatcher(text)
      if ('problem' in matcher) throw new CliError(`${policy}: alerts: ${text}: ${matcher.problem}`, 2)
      return { label: matcher.name, op: matcher.operator, value: matcher.value }
    }),
  )
  const fired: FiredAlert[] = []
  await mapInOrder(
    listChunks(from, to),
    parallel,
    (end) => askChunk(ask, selector, end),
    (series) => {
      for (const { labels, times } of series)
        for (const at of times) fired.push({ at, name: labels.alertname ?? 'an alert' })
    },
  )
  return fired.sort((one, other) => one.at - other.at)
}
