/**
 * Who controls which pod: an owner takes pods without a controller that match its selector and lets go of those that no longer
 * do. `decideClaims` is pure; the patches carry the pod's uid, so that a successor of the same name is never touched.
 */
import type { KubeObject, OwnerReference } from '../../../controller/api/meta.ts'
import type { LabelMatcher } from '../../../controller/kube/label-selector.ts'
import { controllerOf, isActive, isTerminating, type Pod, uidOf } from '../objects.ts'

export interface Claims {
  /** Controlled by the owner and matching. */
  readonly owned: readonly Pod[]
  readonly adopt: readonly Pod[]
  readonly release: readonly Pod[]
}

export function decideClaims(owner: KubeObject, candidates: readonly Pod[], matches: LabelMatcher): Claims {
  const mine = candidates.filter((pod) => controllerOf(pod)?.uid === uidOf(owner))
  const orphans = candidates.filter((pod) => controllerOf(pod) === undefined && isActive(pod))
  return {
    owned: mine.filter((pod) => matches(pod.metadata.labels)),
    adopt: isTerminating(owner) ? [] : orphans.filter((pod) => matches(pod.metadata.labels)),
    release: isTerminating(owner) ? [] : mine.filter((pod) => !matches(pod.metadata.labels) && !isTerminating(pod)),
  }
}

/** Strategic merge patches on the pod. */
export const renderAdoption = (pod: Pod, reference: OwnerReference): unknown => ({
  metadata: { uid: uidOf(pod), ownerReferences: [reference] },
})
export const renderRelease = (pod: Pod, owner: KubeObject): unknown => ({
  metadata: { uid: uidOf(pod), ownerReferences: [{ $patch: 'delete', uid: uidOf(owner) }] },
})
