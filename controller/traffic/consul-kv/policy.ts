/**
 * The route policy that gateways read (docs/reference/route-policy.schema.json): what is to be written for an intent, and which intent a policy
 * carries. A policy in which any field of ours is not what its weights and routes make of it carries nothing that could be relied on.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { colorStepSchema } from '../../api/color-step.ts'
import type { ManagedRoute, TrafficIntent } from '../../api/traffic.ts'
import { covers } from '../codec/covers.ts'
import type { RouterContext } from '../router.ts'
import type { Config } from './config.ts'

export const POLICY_VERSION = 1

type Match = Extract<ManagedRoute, { kind: 'color' }>['match'][number]

interface PolicyRoute {
  readonly name: string
  /** Which step declared it. */
  readonly kind: 'header' | 'color'
  readonly backend: 'canary'
  /** Any of them has to fit. */
  readonly match: readonly Match[]
}

/** Every field that is ours; undefined: not to be there. */
export interface Policy {
  readonly version: typeof POLICY_VERSION
  readonly rollout: string
  readonly weight: number
  readonly maxWeight: number
  readonly backends: { readonly stable: string; readonly canary: string }
  readonly additional: readonly { readonly service: string; readonly backend: string; readonly weight: number }[]
  readonly routes: readonly PolicyRoute[]
  readonly tags: Config['tags']
  readonly windows: Config['windows']
  /** Changes with every other field. */
  readonly revision: string
}

export const rolloutOf = ({ namespace, rollout }: RouterContext): string => `${namespace}/${rollout}`

export function renderPolicy(intent: TrafficIntent, config: Config, context: RouterContext): Policy {
  const { backends = {} } = config
  const backendOf = (service: string): string =>
    (Object.hasOwn(backends, service) ? backends[service] : undefined) ?? service
  const content = {
    version: POLICY_VERSION,
    rollout: rolloutOf(context),
    weight: intent.canary,
    maxWeight: context.maxWeight,
    backends: { stable: backendOf(context.stableService), canary: backendOf(context.canaryService) },
    additional: intent.additional
      .map(({ service, weight }) => ({ service, backend: backendOf(service), weight }))
      .sort((a, b) => (a.service < b.service ? -1 : 1)),
    routes: intent.managedRoutes.flatMap(renderRoute),
    tags: config.tags,
    windows: config.windows,
  } as const
  return {
    ...content,
    revision: createHash('sha256').update(JSON.stringify(content, sortKeys)).digest('hex').slice(0, 12),
  }
}

/** For `JSON.stringify`: equal content, equal bytes, in whichever order others have written it. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function renderRoute(route: ManagedRoute): readonly PolicyRoute[] {
  if (route.kind === 'mirror') return []
  const { name, kind } = route
  if (route.kind === 'color') return [{ name, kind, backend: 'canary', match: route.match }]
  const headers = route.match.map(({ headerName, headerValue }) => ({ name: headerName, value: { ...headerValue } }))
  return [{ name, kind, backend: 'canary', match: [{ headers }] }]
}

const weight = z.int().min(0)
const carriedSchema = z.object({
  weight,
  maxWeight: weight,
  additional: z.array(z.object({ service: z.string(), weight })),
  routes: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('color'), name: z.string(), match: colorStepSchema.shape.match.unwrap() }),
      z.object({
        kind: z.literal('header'),
        name: z.string(),
        match: z.tuple([
          z.object({ headers: z.array(z.object({ name: z.string(), value: z.record(z.string(), z.string()) })) }),
        ]),
      }),
    ]),
  ),
})

/** What the JSON says, whether or not it says it as we would. */
export function readCarried(json: Readonly<Record<string, unknown>>): TrafficIntent | undefined {
  const parsed = carriedSchema.safeParse(json)
  if (!parsed.success) return undefined
  const { weight: canary, maxWeight, additional, routes } = parsed.data
  const managedRoutes = routes.map((route): ManagedRoute => {
    if (route.kind === 'color') return { kind: 'color', name: route.name, match: route.match }
    const match = route.match[0].headers.map(({ name, value }) => ({ headerName: name, headerValue: value }))
    return { kind: 'header', name: route.name, match }
  })
  const stable = maxWeight - canary - additional.reduce((sum, one) => sum + one.weight, 0)
  return { canary, stable, additional, managedRoutes }
}

/** Says exactly this: no field of ours less, more or different. */
export const isAsRendered = (json: Readonly<Record<string, unknown>>, policy: Policy): boolean =>
  Object.entries(policy).every(([field, value]) => isSame(Object.hasOwn(json, field) ? json[field] : undefined, value))

export const isSame = (a: unknown, b: unknown): boolean => covers(a, b) && covers(b, a)
