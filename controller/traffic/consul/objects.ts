/** Of Consul's custom resources, what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

interface Status {
  readonly conditions?: readonly {
    readonly type?: string
    readonly status?: string
    readonly reason?: string
    readonly message?: string
  }[]
}

export interface ServiceResolver extends KubeObject {
  readonly spec?: { readonly subsets?: Readonly<Record<string, { readonly filter?: unknown } | null>> }
  readonly status?: Status
}

/** Percent, in hundredths; zero may be absent. */
export interface Split {
  readonly weight?: unknown
  readonly service?: string
  readonly serviceSubset?: string
}

export interface ServiceSplitter extends KubeObject {
  readonly spec?: { readonly splits?: readonly Split[] }
  readonly status?: Status
}

export interface HeaderMatch {
  readonly name: string
  readonly exact?: string
  readonly prefix?: string
  readonly regex?: string
}

/** Without a `match` it takes every request; without a `destination` it sends to the router's own service. */
export interface Route {
  readonly match?: { readonly http?: { readonly header?: readonly HeaderMatch[] } }
  readonly destination?: {
    readonly service?: string
    readonly serviceSubset?: string
    readonly namespace?: string
    readonly partition?: string
  }
}

export interface ServiceRouter extends KubeObject {
  readonly spec?: { readonly routes?: readonly Route[] }
  readonly status?: Status
}

export type ConsulObject = KubeObject & { readonly status?: Status }
