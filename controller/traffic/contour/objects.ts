/** Of Contour's HTTPProxy, what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

export interface ProxyService {
  readonly name?: string
  readonly weight?: unknown
  /** Gets copies of requests, and no share of them. */
  readonly mirror?: boolean
}

export interface HeaderCondition {
  readonly name?: string
  readonly exact?: string
  readonly regex?: string
  readonly present?: boolean
}

/** A prefix, an exact path, a query parameter: only headers are of interest here. */
export interface Condition {
  readonly header?: HeaderCondition
}

export interface ProxyRoute {
  readonly conditions?: readonly Condition[]
  readonly services?: readonly ProxyService[]
}

export interface StatusCondition {
  readonly type?: string
  readonly status?: string
  readonly observedGeneration?: number
  readonly message?: string
  readonly errors?: readonly { readonly message?: string }[]
}

export interface HttpProxy extends KubeObject {
  readonly spec?: {
    readonly routes?: readonly ProxyRoute[]
    readonly tcpproxy?: { readonly services?: readonly ProxyService[] }
  }
  readonly status?: { readonly conditions?: readonly StatusCondition[] }
}
