/** Kinds that only the node stand-in touches, by REST address. */
import type { ResourceKind } from '../../controller/kube/client.ts'

export const nodes: ResourceKind = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false }
export const endpoints: ResourceKind = {
  group: '',
  version: 'v1',
  plural: 'endpoints',
  kind: 'Endpoints',
  namespaced: true,
}
/** Create-only: a Binding named after a pod assigns it to a node. */
export const bindings: ResourceKind = {
  group: '',
  version: 'v1',
  plural: 'bindings',
  kind: 'Binding',
  namespaced: true,
}
export const podDisruptionBudgets: ResourceKind = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
}
