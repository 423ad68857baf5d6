/** Of Skipper's RouteGroup, what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

export interface Backend {
  readonly name?: string
  readonly type?: string
  readonly serviceName?: string
}

export interface BackendReference {
  readonly backendName?: string
  readonly weight?: unknown
}

/** Without backends of its own it has the default ones. */
export interface GroupRoute {
  readonly path?: string
  readonly pathSubtree?: string
  readonly pathRegexp?: string
  readonly methods?: readonly string[]
  readonly predicates?: readonly string[]
  readonly backends?: readonly BackendReference[]
}

export interface RouteGroup extends KubeObject {
  readonly spec?: {
    readonly backends?: readonly Backend[]
    readonly defaultBackends?: readonly BackendReference[]
    readonly routes?: readonly GroupRoute[]
  }
}
