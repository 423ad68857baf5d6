/** What a `penstock/kubernetes` metric may say before it is asked. */
import { kubernetesMetricSchema } from '../../api/metric-providers/kubernetes.ts'
import { when } from '../problem.ts'
import { ruleOf } from './shape.ts'
import { checkJsonPath } from './web.ts'

export const kubernetesRule = ruleOf(kubernetesMetricSchema, ({ jsonPath, namespace, clusterScope }, path) => [
  ...checkJsonPath(jsonPath ?? '', `${path}.jsonPath`),
  ...when(clusterScope === true && namespace !== undefined, `${path}.namespace`, 'a kind without a namespace has none'),
])
