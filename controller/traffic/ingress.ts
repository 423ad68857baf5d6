/** Of Ingresses, what the routers of ingress controllers read and write. Types and questions only; everything else of an object stays as it is. */
import type { KubeObject } from '../api/meta.ts'

export interface IngressBackend {
  readonly service?: { readonly name?: string; readonly port?: { readonly name?: string; readonly number?: number } }
}

export interface IngressPath {
  readonly path?: string
  readonly pathType?: string
  readonly backend?: IngressBackend
}

export interface IngressRule {
  readonly host?: string
  readonly http?: { readonly paths?: readonly IngressPath[] }
}

export interface IngressSpec {
  readonly ingressClassName?: string
  readonly tls?: readonly unknown[]
  readonly rules?: readonly IngressRule[]
  readonly defaultBackend?: IngressBackend
}

export interface Ingress extends KubeObject {
  readonly spec?: IngressSpec
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly hostname?: string }[] }
  }
}

export const sendsTo = (backend: IngressBackend | undefined, service: string): boolean =>
  backend?.service?.name === service

/** For words: `Ingress "web/shop"`. */
export const ingressLabel = (namespace: string, name: string): string => `Ingress "${namespace}/${name}"`

/** Argo's words, and what to do. */
export const namesNoService = (ingress: string, service: string): string =>
  `ingress \`${ingress}\` has no rules using service ${service} backend: add one, or name another Ingress`
