/** What a `wavefront` metric may say before it is asked. */
import { wavefrontMetricSchema } from '../../api/metric-providers/wavefront.ts'
import { hasPlaceholder, when } from '../problem.ts'
import { ruleOf } from './shape.ts'

export const wavefrontRule = ruleOf(wavefrontMetricSchema, ({ address = '', query = '' }, path) => [
  ...when(
    !hasPlaceholder(address) && !/^[\w.-]+$/.test(address),
    `${path}.address`,
    'must be a host without scheme, such as example.wavefront.com',
  ),
  ...when(query.trim() === '', `${path}.query`, 'is required'),
])
