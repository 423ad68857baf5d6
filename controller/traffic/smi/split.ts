/**
 * What a TrafficSplit says. Its versions differ in one thing: in v1alpha1 a weight is a quantity, which servers hold as text or number; later it
 * is a number. It changes nothing.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { RouterContext } from '../router.ts'

export interface Backend<Weight> {
  readonly service: string
  readonly weight: Weight
}

export interface TrafficSplit extends KubeObject {
  readonly spec?: {
    readonly service?: string
    readonly backends?: readonly Partial<Backend<unknown>>[]
  }
}

interface SplitWeights {
  readonly canary: number
  /** By Service, of those that are neither. */
  readonly additional: Readonly<Record<string, number>>
}

/** Undefined unless each Service stands once, both are there, each weight is one, and they sum up. */
export function readBackends(split: TrafficSplit, context: RouterContext): SplitWeights | undefined {
  const { stableService, canaryService, maxWeight } = context
  const { backends } = split.spec ?? {}
  const weights = new Map<string, number>()
  for (const backend of Array.isArray(backends) ? backends : []) {
    const weight = parseWeight(backend?.weight)
    if (typeof backend?.service !== 'string' || weight === undefined || weights.has(backend.service)) return undefined
    weights.set(backend.service, weight)
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0)
  const canary = weights.get(canaryService)
  if (canary === undefined || !weights.has(stableService) || total !== maxWeight) return undefined
  const additional = [...weights].filter(([service]) => service !== stableService && service !== canaryService)
  return { canary, additional: Object.fromEntries(additional) }
}

const parseWeight = (weight: unknown): number | undefined => {
  if (typeof weight === 'string' && /^\d{1,9}$/.test(weight)) return Number(weight)
  return typeof weight === 'number' && Number.isInteger(weight) && weight >= 0 ? weight : undefined
}

/** As the object has them already; else as Argo writes its version. */
export function writesText({ apiVersion, spec }: TrafficSplit): boolean {
  const { backends } = spec ?? {}
  const [first] = Array.isArray(backends) ? backends : []
  if (first?.weight !== undefined) return typeof first.weight === 'string'
  return apiVersion?.endsWith('/v1alpha1') === true
}
