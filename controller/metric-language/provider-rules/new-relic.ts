/** What a `newRelic` metric may say before it is asked. */
import { newRelicMetricSchema } from '../../api/metric-providers/new-relic.ts'
import { when } from '../problem.ts'
import { ruleOf } from './shape.ts'

export const newRelicRule = ruleOf(newRelicMetricSchema, ({ query, timeout = 0 }, path) => [
  ...when(query.trim() === '', `${path}.query`, 'is required'),
  ...when(timeout < 0, `${path}.timeout`, 'must be >= 0'),
])
