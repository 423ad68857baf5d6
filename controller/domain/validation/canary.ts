/** Rules about `strategy.canary` as a whole: its Services, its budget, and which fields need a router. Steps have their own file. */
import type { CanaryStrategy, Rollout } from '../../api/rollout.ts'
import { resolveIntOrPercent } from '../replicas.ts'
import { validateRolloutAnalysis } from './analysis-args.ts'
import { validateAntiAffinity } from './anti-affinity.ts'
import { type Problem, when, whenNegative } from './problem.ts'
import { validateRouting } from './routing.ts'
import { validateSteps } from './steps.ts'

const NATURALS = [
  'scaleDownDelaySeconds',
  'scaleDownDelayRevisionLimit',
  'abortScaleDownDelaySeconds',
  'minPodsPerReplicaSet',
] as const

export function validateCanary(canary: CanaryStrategy, rollout: Rollout): readonly Problem[] {
  const field = 'spec.strategy.canary'
  return [
    ...when(
      Boolean(canary.canaryService) && canary.canaryService === canary.stableService,
      `${field}.stableService`,
      'This rollout uses the same service for the stable and canary services, but two different services are required.',
    ),
    ...validateScaleFields(canary, field),
    ...validateBudget(canary, rollout.spec.replicas ?? 1, field),
    ...validateRouting(canary, field),
    ...validateSteps(canary, rollout, field),
    ...validateBackground(canary, rollout, field),
    ...validateAntiAffinity(canary.antiAffinity, `${field}.antiAffinity`),
  ]
}

function validateScaleFields(canary: CanaryStrategy, field: string): readonly Problem[] {
  const routed = canary.trafficRouting !== undefined
  const dynamic = canary.dynamicStableScale === true
  const delayed = canary.scaleDownDelaySeconds !== undefined
  return [
    ...when(
      !routed && delayed,
      `${field}.scaleDownDelaySeconds`,
      'Canary scaleDownDelaySeconds can only be used with traffic routing',
    ),
    ...when(
      !routed && dynamic,
      `${field}.dynamicStableScale`,
      'Canary dynamicStableScale can only be used with traffic routing',
    ),
    ...when(
      routed && dynamic && delayed,
      `${field}.dynamicStableScale`,
      'Canary dynamicStableScale cannot be used with scaleDownDelaySeconds',
    ),
    ...NATURALS.flatMap((name) => whenNegative(canary[name], `${field}.${name}`)),
  ]
}

function validateBudget(canary: CanaryStrategy, replicas: number, field: string): readonly Problem[] {
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

const validateBackground = ({ analysis }: CanaryStrategy, rollout: Rollout, field: string): readonly Problem[] =>
  analysis ? validateRolloutAnalysis(analysis, rollout, `${field}.analysis`) : []
