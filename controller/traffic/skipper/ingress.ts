/**
 * One Ingress of Skipper: the two weights in its annotation, a JSON object of weights by Service. Other Services' entries stay; what is no object of
 * numbers means nothing to Skipper either and is written anew.
 */
import { z } from 'zod'
import type { TrafficIntent, TrafficReading } from '../../api/traffic.ts'
import { annotate } from '../codec/patch.ts'
import { type Ingress, type IngressRule, sendsTo } from '../ingress.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'

const WEIGHTS = 'zalando.org/backend-weights'

const weightsSchema = z.record(z.string(), z.number())
type Weights = z.infer<typeof weightsSchema>

function parseWeights({ metadata }: Ingress): Weights {
  try {
    const parsed = weightsSchema.safeParse(JSON.parse(metadata.annotations?.[WEIGHTS] ?? ''))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

/** Skipper shares each path of a rule out among the backends that stand there for it. */
function isShared({ http }: IngressRule, { stableService, canaryService }: RouterContext): boolean {
  const paths = Array.isArray(http?.paths) ? http.paths : []
  const withService = (service: string) => paths.filter((path) => sendsTo(path?.backend, service))
  const ofCanary = withService(canaryService)
  return withService(stableService).some((one) => ofCanary.some((other) => (one.path ?? '') === (other.path ?? '')))
}

export function readIngress(label: string, ingress: Ingress, context: RouterContext): TrafficReading {
  const { stableService, canaryService, maxWeight } = context
  const rules = Array.isArray(ingress.spec?.rules) ? ingress.spec.rules : []
  const carried = { confirmation: 'unknown', drivable: true } as const
  const weights = parseWeights(ingress)
  const [stable, canary] = [weights[stableService], weights[canaryService]]
  const isSound = stable !== undefined && canary !== undefined && canary >= 0 && stable + canary === maxWeight
  if (rules.some((rule) => rule && isShared(rule, context)))
    return { ...carried, programmedCanary: isSound && stable >= 0 ? canary : undefined }
  const problem = `${label} has no path whose backends name both "${stableService}" and "${canaryService}": add the path once for each`
  return { ...carried, programmedCanary: undefined, drivable: false, problem }
}

/** Empty when the annotation says so already, however it is written. */
export function renderIngress(
  ingress: Ingress,
  intent: TrafficIntent,
  context: RouterContext,
): readonly JsonPatchOperation[] {
  const { stableService, canaryService } = context
  const before = parseWeights(ingress)
  if (before[stableService] === intent.stable && before[canaryService] === intent.canary) return []
  if (!readIngress('', ingress, context).drivable) return []
  const after = { ...before, [stableService]: intent.stable, [canaryService]: intent.canary }
  const sorted = Object.fromEntries(Object.entries(after).sort(([a], [b]) => (a < b ? -1 : 1)))
  return annotate(ingress, WEIGHTS, JSON.stringify(sorted))
}
