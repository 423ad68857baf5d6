/** What a `graphite` metric may say before it is asked. */
import { graphiteMetricSchema } from '../../api/metric-providers/graphite.ts'
import { hasPlaceholder, when } from '../problem.ts'
import { checkAddress, ruleOf } from './shape.ts'

export const graphiteRule = ruleOf(graphiteMetricSchema, ({ address, query = '' }, path) => [
  ...when(!address, `${path}.address`, 'is required'),
  ...checkAddress(address, `${path}.address`),
  ...when(
    !hasPlaceholder(query) && !/(^|[?&])target=\S/.test(query.replaceAll(/\s+/g, '')),
    `${path}.query`,
    'must name a target, for instance target=sumSeries(app.errors)&from=-5min',
  ),
])
