/** What a `skywalking` metric may say before it is asked. */
import { skywalkingMetricSchema } from '../../api/metric-providers/skywalking.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { hasPlaceholder, when } from '../problem.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const skywalkingRule = ruleOf(skywalkingMetricSchema, ({ address, query = '', interval = '' }, path) => [
  ...when(!address, `${path}.address`, 'is required'),
  ...checkAddress(address, `${path}.address`),
  ...when(query.trim() === '', `${path}.query`, 'is required'),
  ...when(
    !hasPlaceholder(interval) && !((parseGoDuration(interval) ?? 0) > 0),
    `${path}.interval`,
    `"${interval}" is not a positive duration such as 5m`,
  ),
])
