/**
 * What a traffic router is: a codec between what a rollout wants of its traffic and the objects that carry it. A router reads and renders; it
 * performs nothing (`controller/reconcile/apply.ts` writes) and knows no steps, pods or verdicts.
 */
import type { z } from 'zod'
import type { KubeObject } from '../api/meta.ts'
import type { TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'

/** Who asks. The roles are those of this pass: which Service is the stable one changes with every ping-pong promotion. */
export interface RouterContext {
  readonly namespace: string
  /** Name of the Rollout: what is written into an object that several share is written under it. */
  readonly rollout: string
  readonly stableService: string
  readonly canaryService: string
  /** The sum of all weights. */
  readonly maxWeight: number
  /** Names that the Rollout reserves for managed routes. */
  readonly managedRouteNames: readonly string[]
}

/** The objects of a router as they were read; a missing one is undefined. Keys are {@link refKey}. */
export type RouterObjects = Readonly<Record<string, KubeObject | undefined>>

/** One write: a JSON patch that touches only what the router owns and fails with 409 when the object has moved on. */
export interface RouterWrite {
  readonly ref: ObjectRef
  readonly patch: readonly JsonPatchOperation[]
}

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

export interface Router {
  /** Objects to observe, all named; their order is the order of writes. */
  readonly targets: readonly ObjectRef[]
  read(objects: RouterObjects): TrafficReading
  /** Empty when the objects already say so; what the intent does not name any more is taken back. */
  render(intent: TrafficIntent, objects: RouterObjects): readonly RouterWrite[]
}

/** What a kind of router can carry. Validation refuses what none of a Rollout's routers can. */
export interface RouterCapabilities {
  readonly headers: boolean
  readonly mirror: boolean
  /** Weights for Services besides the two roles. */
  readonly additional: boolean
  /** The data plane reports what it serves. */
  readonly confirms: boolean
}

export interface RouterDefinition<Config> {
  readonly id: string
  readonly capabilities: RouterCapabilities
  /** Kinds to watch when a Rollout uses this router. */
  readonly watches: readonly ResourceKind[]
  /** Checks the user's configuration; `create` gets it parsed. */
  readonly schema: z.ZodType<Config>
  create(config: Config, context: RouterContext): Router
}

/** A router as the registry holds it: its configuration's type is its own business. */
export interface RouterModule extends Omit<RouterDefinition<unknown>, 'create'> {
  /** The router for one Rollout, or a sentence that names the field of the configuration that is wrong. */
  configure(config: unknown, context: RouterContext): Router | { readonly problem: string }
}

export const defineRouter = <Config>({ create, ...module }: RouterDefinition<Config>): RouterModule => ({
  ...module,
  configure(config, context) {
    const parsed = module.schema.safeParse(config)
    if (parsed.success) return create(parsed.data, context)
    const issue = parsed.error.issues[0]
    return {
      problem: `trafficRouting.plugins["${module.id}"]${(issue?.path ?? []).map((part) => `.${String(part)}`).join('')}: ${issue?.message}`,
    }
  },
})

export const refKey = ({ kind, namespace, name }: ObjectRef): string =>
  `${kind.plural}.${kind.group}/${namespace ?? ''}/${name}`
