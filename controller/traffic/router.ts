/**
 * What a traffic router is: a codec between the weights that a rollout wants and the objects that carry them. A router reads and renders; it
 * performs nothing (`controller/reconcile/apply.ts` writes) and knows no steps, pods or verdicts.
 */
import type { z } from 'zod'
import type { KubeObject } from '../api/meta.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'

export interface RouterContext {
  readonly namespace: string
  readonly stableService: string
  readonly canaryService: string
  /** The sum of both weights. */
  readonly maxWeight: number
}

export interface Weights {
  readonly canary: number
  readonly stable: number
}

/** The objects of a router as they were read; a missing one is undefined. Keys are {@link refKey}. */
export type RouterObjects = Readonly<Record<string, KubeObject | undefined>>

/** See `RouteReading` of the domain, which this becomes once the router's id is added. */
export interface RouterReading {
  readonly programmedCanary: number | undefined
  readonly confirmation: 'confirmed' | 'pending' | 'unknown'
  readonly drivable: boolean
  readonly problem?: string
}

/** One write: a JSON patch that touches only the fields that the router owns and fails with 409 when the object has moved on. */
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
  read(objects: RouterObjects): RouterReading
  /** Empty when the objects already say so. */
  render(weights: Weights, objects: RouterObjects): readonly RouterWrite[]
}

export interface RouterCapabilities {
  readonly headers: boolean
  readonly mirror: boolean
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
