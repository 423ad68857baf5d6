/**
 * What a traffic router is: a codec between what a rollout wants of its traffic and the objects that carry it. A router reads and renders; it
 * performs nothing (`controller/reconcile/apply.ts` writes) and knows no steps, pods or verdicts.
 */
import type { z } from 'zod'
import type { KubeObject, OwnerReference } from '../api/meta.ts'
import { type RouterCapabilities, type RouterId, routerField } from '../api/router-capabilities.ts'
import type { Subsets, TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import { kindId } from '../kube/kinds.ts'

/** Who asks. The roles are those of this pass: which Service is the stable one changes with every ping-pong promotion. */
export interface RouterContext {
  readonly namespace: string
  /** Name of the Rollout: what is written into an object that several share is written under it. */
  readonly rollout: string
  /** The Rollout as the owner of objects that a router makes. */
  readonly owner: OwnerReference
  readonly stableService: string
  readonly canaryService: string
  /** The sum of all weights. */
  readonly maxWeight: number
  /** Names that the Rollout reserves for managed routes. */
  readonly managedRouteNames: readonly string[]
  /** Those of the Rollout, oldest first. */
  readonly revisions: readonly RouterRevision[]
  /** Of the revision that is stable; absent before the first is. */
  readonly stablePodHash?: string
}

/** For routers that tell pods apart by what their template says. */
export interface RouterRevision {
  readonly podHash: string
  /** Of the pod template. */
  readonly annotations: Readonly<Record<string, string>>
  /** Some are there, or are to be. */
  readonly hasPods: boolean
}

/** The objects of a router as they were read; a missing one is undefined. Keys are {@link refKey}. */
export type RouterObjects = Readonly<Record<string, KubeObject | undefined>>

/**
 * One write. A patch touches only what the router owns and fails with 409 when the object has moved on; an object that is made bears the Rollout
 * as its owner; one that is deleted goes only as it was read.
 */
export type RouterWrite =
  | { readonly do: 'patch'; readonly ref: ObjectRef; readonly patch: readonly JsonPatchOperation[] }
  | { readonly do: 'create'; readonly ref: ObjectRef; readonly object: KubeObject }
  | { readonly do: 'delete'; readonly ref: ObjectRef; readonly object: KubeObject }

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** Objects that a configuration does not name one by one: by their labels, or because another object refers to them. */
export interface Selection {
  readonly kind: ResourceKind
  readonly namespace: string
  /** @param found what has been read so far: the targets, and what earlier selections took */
  selects(candidate: KubeObject, found: RouterObjects): boolean
}

/** The object in which a router keeps the pods of the two parts apart, where no two Services do. */
export interface SubsetKeeper {
  readonly ref: ObjectRef
  /** Undefined when the object is missing, or does not name both subsets. */
  read(object: KubeObject | undefined): Subsets | undefined
  /** Points one of the two at a revision and marks the object as the Rollout's; empty when it says so. */
  select(object: KubeObject, subset: string, podHash: string): readonly RouterWrite[]
}

export interface Router {
  /** Objects to observe that are named; their order is the order of writes. Each is a key of what `read` and `render` get. */
  readonly targets: readonly ObjectRef[]
  /** Further objects, in order, as far as they exist. */
  readonly selections?: readonly Selection[]
  /**
   * Objects outside the cluster that tell what is served, and change nothing. As far as a store follows their kind they are among the objects; one
   * that is not known is there with a sentence in its field `unknown`.
   */
  readonly witnesses?: readonly ObjectRef[]
  /** Its object is among the targets, and what it reads is in the reading. */
  readonly subsets?: SubsetKeeper
  read(objects: RouterObjects): TrafficReading
  /** Empty when the objects already say so; what the intent does not name any more is taken back. */
  render(intent: TrafficIntent, objects: RouterObjects): readonly RouterWrite[]
}

/** A kind that a router needs, and what it does with it besides reading: the chart grants no more. */
export interface WatchedKind {
  readonly kind: ResourceKind
  readonly verbs: readonly ('patch' | 'create' | 'delete')[]
  /** Only objects that it selects are watched, and found. The same in every router that watches the kind. */
  readonly labelSelector?: string
  /** One of several kinds that say the same: a cluster that serves another one of the router's kinds need not serve it, and has no objects of it. */
  readonly optional?: true
  /** Objects bear the mark of their Rollout: takes it, and what came with it, out of one that the Rollout names no more. */
  release?(object: KubeObject): readonly RouterWrite[]
  /** `namespace/name` of the Service whose endpoints an object picks from, where no Rollout names it: their changes concern who names the object. */
  serviceOf?(object: KubeObject): string | undefined
}

export interface RouterDefinition<Config> {
  readonly id: RouterId
  readonly capabilities: RouterCapabilities
  readonly watches: readonly WatchedKind[]
  /** Checks the user's configuration; `create` gets it parsed. */
  readonly schema: z.ZodType<Config>
  /** Names, in the namespace, of what can follow one Rollout alone, such as `key "a" of ConfigMap "b"`; the oldest Rollout has it. */
  takes?(config: Config): readonly string[]
  create(config: Config, context: RouterContext): Router
}

/** A router as the registry holds it: its configuration's type is its own business. */
export interface RouterModule extends Omit<RouterDefinition<unknown>, 'create'> {
  /** The router for one Rollout, or a sentence that names the field of the configuration that is wrong. */
  configure(config: unknown, context: RouterContext): Router | { readonly problem: string }
}

export const defineRouter = <Config>({ create, takes, ...module }: RouterDefinition<Config>): RouterModule => ({
  ...module,
  takes(config) {
    const parsed = module.schema.safeParse(config)
    return parsed.success ? (takes?.(parsed.data) ?? []) : []
  },
  configure(config, context) {
    const parsed = module.schema.safeParse(config)
    if (parsed.success) return create(parsed.data, context)
    const issue = parsed.error.issues[0]
    return {
      problem: `trafficRouting.${routerField(module.id)}${(issue?.path ?? []).map((part) => `.${String(part)}`).join('')}: ${issue?.message}`,
    }
  },
})

/** Such as `httproutes.gateway.networking.k8s.io/web/shop`. */
export const refKey = ({ kind, namespace, name }: ObjectRef): string => `${kindId(kind)}/${namespace ?? ''}/${name}`
