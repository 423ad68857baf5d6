/**
 * What routers are asked to carry and what they are found to carry, in one vocabulary for every router. Shapes only: who decides them is the
 * canary strategy, who writes them is a router.
 */
import type { AlbStatus } from './alb-status.ts'
import type { ColorMatch } from './color-step.ts'
import type { CanaryStep } from './rollout.ts'

type HeaderMatch = NonNullable<NonNullable<CanaryStep['setHeaderRoute']>['match']>[number]
type MirrorMatch = NonNullable<NonNullable<CanaryStep['setMirrorRoute']>['match']>[number]

/**
 * A route beside the weighted one. `header`: who fits all of `match`, or one of it where Argo has it so (Istio), gets the canary; `color`: who fits
 * one of `match` gets it; `mirror`: who fits one of `match` is copied to it.
 */
export type ManagedRoute =
  | { readonly kind: 'header'; readonly name: string; readonly match: readonly HeaderMatch[] }
  | { readonly kind: 'color'; readonly name: string; readonly match: readonly ColorMatch[] }
  | {
      readonly kind: 'mirror'
      readonly name: string
      readonly match: readonly MirrorMatch[]
      /** 0 … 100 of the requests that fit. */
      readonly percentage: number
    }

/** Traffic for a Service that plays neither role, such as an experiment's. */
export interface AdditionalWeight {
  readonly service: string
  readonly weight: number
  /** Port of that Service; that of the canary Service's entry when absent. */
  readonly port?: number
  /** Of the pods behind it. */
  readonly podHash?: string
}

/** Everything that routers are to carry, whole: what is not in it has to go. The weights sum up to the maximum. */
export interface TrafficIntent {
  readonly canary: number
  readonly stable: number
  readonly additional: readonly AdditionalWeight[]
  /** In order of precedence. */
  readonly managedRoutes: readonly ManagedRoute[]
  /** Nothing comes to the canary any more: objects that were made for an update may go. */
  readonly tidy?: boolean
}

/** Pods of one revision among those behind a Service. */
export interface Subset {
  readonly name: string
  /** '' when it takes every pod of the Service. */
  readonly podHash: string
}

/** How a router tells the two parts apart by itself, where no two Services do. */
export interface Subsets {
  /** The Service whose endpoints they are taken from, in the Rollout's namespace. */
  readonly service: string
  readonly stable: Subset
  readonly canary: Subset
  /** The Rollout whose mark their object carries. */
  readonly owner?: string
  /** The DestinationRule that keeps them, if it is one: what is written into it is told in Argo's words. */
  readonly destinationRule?: string
  /** Neither can be pointed at another revision as things are; the reading's problem says why. */
  readonly isFixed?: boolean
}

/** A managed route that is on record as ours; `intact` when the objects say exactly that. */
export interface PresentRoute {
  readonly route: ManagedRoute
  readonly intact: boolean
}

/**
 * What one router's objects say. `programmedCanary` is the canary's weight written in them (undefined: not readable, see `problem`).
 * `confirmation`: `confirmed` the data plane reports that it serves this; `pending` it reports an older state; `unknown` it does not report.
 */
export interface TrafficReading {
  readonly programmedCanary: number | undefined
  /** Weights written for Services that play neither role and were added by us, by name. */
  readonly additional?: Readonly<Record<string, number>>
  /** Absent when this router, as it is configured, carries no managed routes. */
  readonly managedRoutes?: readonly PresentRoute[]
  readonly confirmation: 'confirmed' | 'pending' | 'unknown'
  /** Absent when it sends to the two Services. */
  readonly subsets?: Subsets
  /** What destinations that are not ours leave of the maximum: a canary weight above it, but for all, cannot be right. */
  readonly room?: number
  /** False when the marks of an update on its objects, such as a label, do not fit what they carry: the next write puts them right. */
  readonly marksFit?: boolean
  /** Objects that were made for an update carry nothing any more; they wait until nothing comes to them. */
  readonly isUntidy?: boolean
  /** Some object of it can be written: without one a decision to write would be repeated for ever. */
  readonly drivable: boolean
  /** None of its objects exists: nothing new is sent through it, though a data plane may not have noticed yet. */
  readonly isGone?: boolean
  /** Milliseconds until a write has surely reached the data plane, when that cannot be confirmed; the general floor when absent. */
  readonly propagationMs?: number
  /** A sentence naming object, field and fix when the router cannot be driven as it stands. */
  readonly problem?: string
  /** Where AWS is asked: what each Ingress became. */
  readonly albs?: readonly AlbStatus[]
}
