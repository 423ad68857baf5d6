/** Of Gateway API routes, what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

export interface BackendRef {
  readonly group?: string
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
  readonly port?: number
  readonly weight?: number
}

export interface HeaderMatch {
  readonly type?: string
  readonly name: string
  readonly value: string
}

/** `path`, `method` and `queryParams` of HTTP; `method` of GRPC is an object, passed through. TCP and TLS have no matches. */
export interface RouteMatch {
  readonly path?: { readonly type?: string; readonly value?: string }
  readonly headers?: readonly HeaderMatch[]
  readonly method?: unknown
}

export interface RouteRule {
  readonly name?: string
  readonly matches?: readonly RouteMatch[]
  readonly filters?: readonly unknown[]
  readonly backendRefs?: readonly BackendRef[]
}

export interface ParentRef {
  readonly group?: string
  readonly kind?: string
  readonly namespace?: string
  readonly name?: string
  readonly sectionName?: string
  readonly port?: number
}

export interface ParentCondition {
  readonly type: string
  readonly status: string
  readonly message?: string
  readonly observedGeneration?: number
}

/** What one controller says of the route at one of its parents. */
export interface ParentStatus {
  readonly parentRef?: ParentRef
  readonly conditions?: readonly ParentCondition[]
}

export interface GatewayRoute extends KubeObject {
  readonly spec?: { readonly parentRefs?: readonly ParentRef[]; readonly rules?: readonly RouteRule[] }
  readonly status?: { readonly parents?: readonly ParentStatus[] }
}
