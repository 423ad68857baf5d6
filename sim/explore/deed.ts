/** What somebody does in a tale, as data, and how it is done: what actors can do, what can go wrong, and what people change by their own hand. */
import type { KubeObject } from '../../controller/api/meta.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import type { FaultKind } from '../faults/fault.ts'
import type { Action } from '../run/action.ts'
import { kindOf, type SimCluster } from '../run/cluster.ts'
import { NAMESPACE } from '../run/scenario.ts'

type Timeless<T> = T extends { readonly atMs: number } ? Omit<T, 'atMs'> : never

export type Deed =
  | Timeless<Action>
  /** From now on Prometheus answers with a value that fails every condition, or with a good one. */
  | { readonly kind: 'metrics'; readonly are: 'bad' | 'good' }
  /** What Argo Rollouts would not have written is gone, and the controller begins with an empty memory: a cluster that is taken over. */
  | { readonly kind: 'takeOver' }
  /** Something goes wrong from now on, or just now. */
  | { readonly kind: 'fault'; readonly fault: FaultKind }
  /** A merge patch by hand; without one the object is deleted. */
  | {
      readonly kind: 'edit'
      readonly object:
        | 'Rollout'
        | 'Service'
        | 'HTTPRoute'
        | 'AnalysisTemplate'
        | 'ReplicaSet'
        | 'Lease'
        | 'EndpointSlice'
      readonly name: string
      readonly patch?: object
      readonly subresource?: 'status'
    }
  | { readonly kind: 'create'; readonly object: KubeObject }

const FOREVER_MS = 1e9

async function takeOver(cluster: SimCluster): Promise<void> {
  const { client } = cluster
  const own = [kinds.rollouts, kinds.replicaSets, kinds.services, kinds.httpRoutes]
  cluster.restart(0)
  for (const kind of own)
    for (const object of (await client.list<KubeObject>(kind, { namespace: NAMESPACE })).items) {
      const ours = Object.keys(object.metadata.annotations ?? {}).filter((key) => key.startsWith('penstock.dev/'))
      if (ours.length === 0) continue
      const annotations = Object.fromEntries(ours.map((key) => [key, null]))
      await client.patch(kinds.refOf(kind, object), 'merge', { metadata: { annotations } })
    }
}

function edit(
  { client }: SimCluster,
  { object, name, patch, subresource }: Extract<Deed, { kind: 'edit' }>,
): Promise<unknown> {
  const ref = { kind: kindOf({ kind: object }), namespace: object === 'Lease' ? 'default' : NAMESPACE, name }
  return patch ? client.patch(ref, 'merge', patch, subresource ? { subresource } : {}) : client.delete(ref)
}

const written = [
  kinds.rollouts,
  kinds.replicaSets,
  kinds.services,
  kinds.httpRoutes,
  kinds.pods,
  kinds.analysisRuns,
  kinds.experiments,
]

/** What somebody else leaves on an object, and says nothing. */
export const touched = { metadata: { annotations: { 'example.com/touched': 'yes' } } }

export function touch({ client }: SimCluster, plural: string, name: string): void {
  const kind = written.find((one) => one.plural === plural)
  if (!kind) throw new Error(`nobody writes ${plural}`)
  void client.patch({ kind, namespace: NAMESPACE, name }, 'merge', touched).catch(() => {})
}

export function act(cluster: SimCluster, deed: Deed): void {
  const { client, kernel, board } = cluster
  const atMs = kernel.now()
  if (deed.kind === 'takeOver') void takeOver(cluster)
  else if (deed.kind === 'fault') cluster.strike({ atMs, ...deed.fault })
  else if (deed.kind === 'create') void client.create(kindOf(deed.object), deed.object)
  else if (deed.kind === 'edit') void edit(cluster, deed)
  else if (deed.kind !== 'metrics') cluster.act({ ...deed, atMs })
  else if (deed.are === 'bad') cluster.strike({ atMs, kind: 'metrics', mode: 'bad', forMs: FOREVER_MS })
  else board.heal()
}
