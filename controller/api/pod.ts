/** The parts of a Pod that decisions read. Shapes only. */
import type { KubeObject } from './meta.ts'

export interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly lastTransitionTime?: string | null
    }[]
  }
}
