/**
 * Whether an object from the cluster is shaped as a route. CRDs of another version, or none that validate, let anything through: what cannot be
 * read counts as absent, never as a reason to fail.
 */
import { z } from 'zod'
import type { KubeObject } from '../../api/meta.ts'
import { onceFrozen } from '../../api/once-frozen.ts'
import type { GatewayRoute, RouteMatch } from './objects.ts'

const backendRef = z.looseObject({ name: z.string().optional(), weight: z.number().optional() })
const rule = z.looseObject({
  name: z.string().optional(),
  matches: z.array(z.unknown()).optional(),
  filters: z.array(z.unknown()).optional(),
  backendRefs: z.array(backendRef).optional(),
})
const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  message: z.string().optional(),
  observedGeneration: z.number().optional(),
})
const parentRef = z.looseObject({ name: z.string() })
const spec = z.looseObject({ rules: z.array(rule).optional(), parentRefs: z.array(parentRef).optional() })
const parents = z.array(z.looseObject({ parentRef, conditions: z.array(condition).optional() }))

/** The object itself where it is shaped so; its spec or its status counts as empty where that is not. */
export const asRoute = onceFrozen(readRoute)

function readRoute({ metadata, ...object }: KubeObject): GatewayRoute {
  const { spec: said, status } = object as {
    readonly spec?: unknown
    readonly status?: { readonly parents?: unknown } | null
  }
  return {
    metadata,
    spec: spec.safeParse(said).success ? (said as NonNullable<GatewayRoute['spec']>) : {},
    status: parents.safeParse(status?.parents).success ? (status as NonNullable<GatewayRoute['status']>) : {},
  }
}

const match = z.looseObject({
  path: z.looseObject({ type: z.string().optional(), value: z.string().optional() }).optional(),
  headers: z.array(z.looseObject({ name: z.string(), value: z.string(), type: z.string().optional() })).optional(),
})

export const isMatch = (value: unknown): value is RouteMatch => match.safeParse(value).success
