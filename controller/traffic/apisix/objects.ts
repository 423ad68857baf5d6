/** Of ApisixRoutes, what this router reads and writes. Types only; everything else of an object stays as it is. */
import type { KubeObject } from '../../api/meta.ts'

export interface Backend {
  readonly serviceName?: string
  readonly weight?: unknown
}

export interface Expression {
  readonly subject: { readonly scope: 'Header' | 'Cookie'; readonly name: string }
  readonly op: 'Equal' | 'RegexMatch'
  readonly value: string
}

export interface HttpRule {
  readonly name?: string
  readonly priority?: number
  readonly match?: { readonly exprs?: readonly unknown[]; readonly remoteAddrs?: readonly string[] }
  readonly backends?: readonly Backend[]
}

export interface ApisixRoute extends KubeObject {
  readonly spec?: { readonly http?: readonly HttpRule[]; readonly stream?: unknown }
  readonly status?: {
    readonly conditions?: readonly {
      readonly status?: string
      readonly message?: string
      readonly observedGeneration?: number
    }[]
  }
}
