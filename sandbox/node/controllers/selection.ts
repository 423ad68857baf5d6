/** Which objects a changed pod concerns. A selector that cannot be read concerns nobody else, so here it just does not match. */
import type { LabelSelector } from '../../../controller/api/meta.ts'
import { compileLabelSelector } from '../../../controller/kube/label-selector.ts'
import type { Pod } from '../objects.ts'

export function isSelected(selector: LabelSelector | undefined, pod: Pod): boolean {
  try {
    return compileLabelSelector(selector)(pod.metadata.labels)
  } catch {
    return false
  }
}
