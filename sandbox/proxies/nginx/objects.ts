/** The parts of Ingress objects that the stand-in for ingress-nginx reads. Types only; what is not named here is not obeyed. */
import type { KubeObject } from '../../../controller/api/meta.ts'

export interface IngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly number?: number; readonly name?: string } }
}

export interface IngressPath {
  readonly path?: string
  readonly pathType: string
  readonly backend: IngressBackend
}

export interface Ingress extends KubeObject {
  readonly spec?: {
    readonly ingressClassName?: string
    /** For every host and path that no Ingress names. */
    readonly defaultBackend?: IngressBackend
    readonly rules?: readonly { readonly host?: string; readonly http?: { readonly paths: readonly IngressPath[] } }[]
  }
}
