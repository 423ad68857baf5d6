/** Of Traefik's objects, what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

export interface ServiceRef {
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
  readonly weight?: unknown
}

export interface TraefikService extends KubeObject {
  readonly spec?: { readonly weighted?: { readonly services?: readonly ServiceRef[] } }
}

/** `syntax` is of Traefik v3, for rules in the language of v2. */
export interface Route {
  readonly match?: string
  readonly priority?: number
  readonly syntax?: string
  readonly services?: readonly ServiceRef[]
}

export interface IngressRoute extends KubeObject {
  readonly spec?: { readonly routes?: readonly Route[] }
}
