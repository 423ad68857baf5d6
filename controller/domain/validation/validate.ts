/**
 * Whether a Rollout's spec can be obeyed, from the manifest alone: shape, then rules, in Argo's words where Argo has words. Used at every
 * reconcile and by `penstock lint`. It must not look at other objects (`validate-references.ts` does).
 */
import { type CanaryStep, type CanaryStrategy, type Rollout, rolloutSpecSchema } from '../../api/rollout.ts'
import { parseDurationMs } from '../../api/scalars.ts'
import { resolveIntOrPercent } from '../replicas.ts'

export interface Problem {
  /** Path from the object's root, for instance `spec.strategy.canary.steps[2].setWeight`. */
  readonly field: string
  readonly message: string
  /** What to write instead. */
  readonly fix?: string
}

const MOST_TOLD = 10
const LONGEST_MESSAGE = 500

/** The first problems in one line; bounded, because a condition is stored and shown. */
export function renderProblems(problems: readonly Problem[]): string {
  const told = problems.slice(0, MOST_TOLD).map(({ field, message, fix }) => {
    const bounded = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message
    return `${field}: ${bounded}${fix ? ` (${fix})` : ''}`
  })
  const rest = problems.length - told.length
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ')
}

/** Problems in the order of the manifest; empty when the spec can be obeyed. */
export function validateRollout(rollout: Rollout): readonly Problem[] {
  const shape = rolloutSpecSchema.safeParse(rollout.spec)
  if (!shape.success) {
    return shape.error.issues
      .slice(0, 10)
      .map(({ path, message }) => ({ field: ['spec', ...path].reduce(renderPath, ''), message }))
  }
  return [...validateBasics(rollout), ...validateStrategy(rollout)]
}

function renderPath(path: string, part: PropertyKey): string {
  if (typeof part === 'number') return `${path}[${part}]`
  return path === '' ? String(part) : `${path}.${String(part)}`
}

function validateBasics({ spec }: Rollout): Problem[] {
  const problems: Problem[] = []
  const labels = spec.template?.metadata?.labels ?? {}
  const wanted = Object.entries(spec.selector?.matchLabels ?? {})
  const emptySelector = wanted.length === 0 && (spec.selector?.matchExpressions ?? []).length === 0
  if (spec.workloadRef) problems.push(unsupported('spec.workloadRef', 'write the pod template into spec.template'))
  if (!spec.selector) problems.push({ field: 'spec.selector', message: "Rollout has missing field '.spec.selector'" })
  else if (emptySelector)
    problems.push({
      field: 'spec.selector',
      message: 'empty selector is invalid for deployment',
      fix: 'add matchLabels',
    })
  if (!spec.template && !spec.workloadRef)
    problems.push({ field: 'spec.template', message: "Rollout has missing field '.spec.template'" })
  if (spec.template && wanted.some(([key, value]) => labels[key] !== value)) {
    problems.push({
      field: 'spec.template.metadata.labels',
      message: '`selector` does not match template `labels`',
      fix: 'repeat the labels of spec.selector.matchLabels',
    })
  }
  if (spec.template && !hasContainers(spec.template.spec)) {
    problems.push({
      field: 'spec.template.spec.containers',
      message: 'at least one container with name and image is required',
    })
  }
  if ((spec.replicas ?? 1) < 0) problems.push({ field: 'spec.replicas', message: 'must be greater than or equal to 0' })
  const minReady = spec.minReadySeconds ?? 0
  if (minReady < 0) problems.push({ field: 'spec.minReadySeconds', message: 'must be greater than or equal to 0' })
  if ((spec.progressDeadlineSeconds ?? Number.POSITIVE_INFINITY) <= minReady) {
    problems.push({ field: 'spec.progressDeadlineSeconds', message: 'must be greater than minReadySeconds' })
  }
  return problems
}

function hasContainers(spec: Readonly<Record<string, unknown>> | undefined): boolean {
  const containers = spec?.containers
  return (
    Array.isArray(containers) &&
    containers.length > 0 &&
    containers.every((one) => typeof one?.name === 'string' && typeof one?.image === 'string')
  )
}

function validateStrategy({ spec }: Rollout): Problem[] {
  const field = 'spec.strategy'
  const { canary, blueGreen } = spec.strategy ?? {}
  if (canary && blueGreen)
    return [{ field, message: 'Multiple Strategies can not be listed', fix: 'keep canary or blueGreen' }]
  if (blueGreen) return [unsupported(`${field}.blueGreen`, 'use canary')]
  if (!canary) return [{ field, message: "Rollout has missing field '.spec.strategy'", fix: 'add strategy.canary' }]
  return validateCanary(canary, spec.replicas ?? 1, `${field}.canary`)
}

const unsupported = (field: string, fix: string): Problem => ({
  field,
  message: 'is not supported by this version of Penstock',
  fix,
})

function validateCanary(canary: CanaryStrategy, replicas: number, field: string): Problem[] {
  const problems: Problem[] = []
  const routed = canary.trafficRouting !== undefined
  const maxWeight = canary.trafficRouting?.maxTrafficWeight ?? 100
  if (canary.canaryService && canary.canaryService === canary.stableService) {
    problems.push({ field: `${field}.stableService`, message: 'Canary service and Stable service must be different' })
  }
  if (routed && !(canary.canaryService && canary.stableService)) {
    problems.push({
      field,
      message: 'Canary service and Stable service must to be set to use Traffic Routing',
      fix: 'set canaryService and stableService',
    })
  }
  if (!routed && canary.scaleDownDelaySeconds !== undefined) {
    problems.push({
      field: `${field}.scaleDownDelaySeconds`,
      message: 'Canary scaleDownDelaySeconds can only be used with traffic routing',
    })
  }
  for (const name of ['dynamicStableScale', 'pingPong', 'antiAffinity', 'canaryMetadata', 'stableMetadata'] as const) {
    if (canary[name] !== undefined && canary[name] !== false)
      problems.push(unsupported(`${field}.${name}`, 'remove it'))
  }
  return [
    ...problems,
    ...validateBudget(canary, replicas, field),
    ...validateRouting(canary, field),
    ...(canary.steps ?? []).flatMap((step, at) =>
      validateStep(step, { field: `${field}.steps[${at}]`, routed, maxWeight }),
    ),
    ...validateAnalysisRefs(canary, field),
  ]
}

function validateBudget(canary: CanaryStrategy, replicas: number, field: string): Problem[] {
  const problems: Problem[] = []
  const sizes = (['maxSurge', 'maxUnavailable'] as const).map((name) => {
    const value = canary[name]
    if (value === undefined) return undefined
    const size = resolveIntOrPercent(value, Math.max(replicas, 1), 'up')
    if (size === undefined || size < 0)
      problems.push({
        field: `${field}.${name}`,
        message: 'must be a number of pods or a percentage',
        fix: 'for instance 1 or "25%"',
      })
    return size
  })
  if (sizes[0] === 0 && sizes[1] === 0)
    problems.push({ field: `${field}.maxSurge`, message: 'MaxSurge and MaxUnavailable both can not be zero' })
  return problems
}

/** Routers that this version drives; anything else is named and refused, never replaced by a default. */
const ROUTER_PLUGINS = new Set(['argoproj-labs/gatewayAPI'])

function validateRouting(canary: CanaryStrategy, field: string): Problem[] {
  const routing = canary.trafficRouting
  if (!routing) return []
  const at = `${field}.trafficRouting`
  const plugins = Object.keys(routing.plugins ?? {})
  const fix = 'use plugins["argoproj-labs/gatewayAPI"]'
  const builtIn = (['istio', 'nginx', 'alb', 'smi', 'ambassador', 'appMesh', 'traefik', 'apisix'] as const).filter(
    (name) => routing[name],
  )
  const problems = [
    ...builtIn.map((name) => unsupported(`${at}.${name}`, fix)),
    ...plugins.filter((name) => !ROUTER_PLUGINS.has(name)).map((name) => unsupported(`${at}.plugins["${name}"]`, fix)),
    ...(routing.managedRoutes?.length ? [unsupported(`${at}.managedRoutes`, 'remove it')] : []),
  ]
  if (plugins.length + builtIn.length === 0) problems.push({ field: at, message: 'names no router', fix })
  return problems
}

interface StepContext {
  readonly field: string
  readonly routed: boolean
  readonly maxWeight: number
}

const STEP_KINDS = [
  'setWeight',
  'pause',
  'experiment',
  'analysis',
  'setCanaryScale',
  'setHeaderRoute',
  'setMirrorRoute',
  'plugin',
] as const

function validateStep(step: CanaryStep, context: StepContext): Problem[] {
  const { field } = context
  const kinds = STEP_KINDS.filter((kind) => step[kind] !== undefined)
  if (kinds.length !== 1)
    return [
      {
        field,
        message: 'Step must have one of the following set: experiment, setWeight, setCanaryScale or pause',
        fix: 'one key per step',
      },
    ]
  if (step.setWeight !== undefined) return validateWeight(step.setWeight, context)
  if (step.pause) return validatePause(step.pause.duration, field)
  if (step.setCanaryScale) return validateScale(step.setCanaryScale, context)
  if (step.analysis)
    return (step.analysis.templates ?? []).length > 0
      ? []
      : [{ field: `${field}.analysis.templates`, message: 'names no template', fix: 'add a templateName' }]
  return [unsupported(`${field}.${kinds[0] ?? ''}`, 'remove the step')]
}

function validateWeight(weight: number, { field, maxWeight }: StepContext): Problem[] {
  const fits = weight >= 0 && weight <= maxWeight
  return fits ? [] : [{ field: `${field}.setWeight`, message: `SetWeight needs to be between 0 and ${maxWeight}` }]
}

function validatePause(duration: number | string | undefined, field: string): Problem[] {
  if (duration === undefined) return []
  const durationMs = parseDurationMs(duration)
  if (durationMs !== undefined && durationMs >= 0) return []
  return [
    {
      field: `${field}.pause.duration`,
      message: 'Duration needs to be greater than 0',
      fix: 'seconds (30) or a duration ("5m")',
    },
  ]
}

function validateScale(scale: NonNullable<CanaryStep['setCanaryScale']>, { field, routed }: StepContext): Problem[] {
  const at = `${field}.setCanaryScale`
  if (!routed) return [{ field: at, message: 'SetCanaryScale can only be used with traffic routing' }]
  const given = [scale.replicas, scale.weight, scale.matchTrafficWeight].filter((value) => value !== undefined)
  if (given.length !== 1)
    return [{ field: at, message: 'exactly one of replicas, weight, matchTrafficWeight must be set' }]
  if ((scale.replicas ?? 0) < 0) return [{ field: `${at}.replicas`, message: 'must be greater than or equal to 0' }]
  const weight = scale.weight ?? 0
  return weight >= 0 && weight <= 100 ? [] : [{ field: `${at}.weight`, message: 'needs to be between 0 and 100' }]
}

function validateAnalysisRefs(canary: CanaryStrategy, field: string): Problem[] {
  const startingStep = canary.analysis?.startingStep
  const count = (canary.steps ?? []).length
  if (startingStep === undefined || (startingStep >= 0 && startingStep < Math.max(count, 1))) return []
  return [{ field: `${field}.analysis.startingStep`, message: `must be the index of one of the ${count} steps` }]
}
