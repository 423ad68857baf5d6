/** Of App Mesh's objects (v1beta2), what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

export interface Reference {
  readonly name?: string
  readonly namespace?: string
}

export interface VirtualService extends KubeObject {
  readonly spec?: { readonly provider?: { readonly virtualRouter?: { readonly virtualRouterRef?: Reference } } }
}

export interface WeightedTarget {
  readonly virtualNodeRef?: Reference
  readonly weight?: unknown
}

export interface MeshRoute {
  readonly name?: string
}

/** The kinds of routes that have weighted targets, by their fields. */
export const ROUTE_FIELDS = ['httpRoute', 'tcpRoute', 'http2Route', 'grpcRoute'] as const

export interface VirtualRouter extends KubeObject {
  readonly spec?: { readonly routes?: readonly MeshRoute[] }
}

export interface VirtualNode extends KubeObject {
  readonly spec?: { readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, unknown>> } }
}
