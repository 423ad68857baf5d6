/** What an `influxdb` metric may say before it is asked. */
import { influxdbMetricSchema } from '../../api/metric-providers/influxdb.ts'
import { when } from '../problem.ts'
import { ruleOf } from './shape.ts'

export const influxdbRule = ruleOf(influxdbMetricSchema, ({ query = '' }, path) =>
  when(query.trim() === '', `${path}.query`, 'is required'),
)
