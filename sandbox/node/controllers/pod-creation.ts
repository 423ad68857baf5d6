/** The pod that an owner's template describes, as an object to create. Pure. */
import type { KubeObject, OwnerReference } from '../../../controller/api/meta.ts'
import type { ResourceKind } from '../../../controller/kube/client.ts'
import { apiVersionOf } from '../../../controller/kube/kinds.ts'
import { type Pod, type PodTemplateSpec, uidOf } from '../objects.ts'

export const renderControllerRef = (kind: ResourceKind, owner: KubeObject): OwnerReference => ({
  apiVersion: apiVersionOf(kind),
  kind: kind.kind,
  name: owner.metadata.name,
  uid: uidOf(owner),
  controller: true,
  blockOwnerDeletion: true,
})

export interface PodRequest {
  readonly name: string
  readonly owner: KubeObject
  readonly ownerKind: ResourceKind
  readonly template: PodTemplateSpec
  readonly labels?: Readonly<Record<string, string>>
}

export function renderPod({ name, owner, ownerKind, template, labels }: PodRequest): Pod {
  const { namespace } = owner.metadata
  const { annotations, finalizers } = template.metadata ?? {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata?.labels, ...labels },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [renderControllerRef(ownerKind, owner)],
    },
    spec: template.spec,
  }
}
