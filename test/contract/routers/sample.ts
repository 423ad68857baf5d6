/** What the contract suite has to know of a router: objects as a user writes them, and which bytes of them are the router's. */
import type { RouterContext, RouterObjects } from '../../../controller/traffic/router.ts'

export interface RouterSample {
  readonly config: unknown
  /** What differs from the builder's context; `managedRouteNames` are given. */
  readonly context?: Partial<RouterContext>
  /** Configurations that are refused, and a word of the refusal that names the field. */
  readonly wrong: readonly { readonly config: unknown; readonly names: string }[]
  /** Objects as a user wrote them, of resourceVersion 5, with `foreign` strewn into fields that are not the router's. */
  objects(foreign: unknown): RouterObjects
  /** For each place that carries weights, the two that stand there. */
  weights(objects: RouterObjects): readonly (readonly [stable: unknown, canary: unknown])[]
  /** The objects without what is the router's: it must stay the same whatever is written. */
  unowned(objects: RouterObjects): unknown
  /** The router makes its objects when they are not there; `why` it can. Without it, missing ones are a problem with a name. */
  readonly makesItsObjects?: string
}
