/** A real proxy that is driven as a rollout would drive it: by objects that one of our routers writes. */
import type { KubeClient } from '../../controller/kube/client.ts'
import type { FoundProgram } from '../../sandbox/debian-programs.ts'
import type { StopList } from '../../sandbox/stop-list.ts'

export interface DrivenOptions {
  readonly program: FoundProgram
  readonly stops: StopList
}

export interface Traffic {
  readonly canary: number
  /** The sum of all weights. */
  readonly total: number
}

/** A way to tell requests apart, and requests whose destination it decides alone, without a share for the weight. */
export interface ColorCase {
  readonly name: string
  /** Resolves when the proxy serves it. */
  drive(): Promise<void>
  readonly requests: readonly {
    readonly headers: Readonly<Record<string, string>>
    readonly goesTo: 'stable' | 'canary'
  }[]
}

export interface DrivenProxy {
  readonly name: string
  /** Base URL. */
  readonly url: string
  readonly client: KubeClient
  /** Resolves when the proxy serves it. */
  drive(traffic: Traffic): Promise<void>
  readonly colors: readonly ColorCase[]
  /** How often the proxy's workers were replaced since it started. */
  reloads(): number
}
