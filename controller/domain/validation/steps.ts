/** Whether each step of a canary says something that can be done. What a step does is decided elsewhere. */
import { COLOR_STEP } from '../../api/color-step.ts'
import type { CanaryStep, CanaryStrategy, Rollout } from '../../api/rollout.ts'
import { parseDurationMs } from '../../api/scalars.ts'
import { pluginOfStep } from '../canary/steps.ts'
import { validateRolloutAnalysis } from './analysis-args.ts'
import { validateColorStep } from './color-step.ts'
import { validateExperimentStep } from './experiment-step.ts'
import { validatePluginStep, validatePluginSteps } from './plugin-step.ts'
import { type Problem, when, whenNegative } from './problem.ts'
import { validateHeaderRoute, validateMirrorRoute } from './routes.ts'
import { validateSingleRoutes } from './single-route.ts'

export function validateSteps(canary: CanaryStrategy, rollout: Rollout, field: string): readonly Problem[] {
  const steps = canary.steps ?? []
  return [
    ...steps.flatMap((step, index) => validateStep(step, { canary, rollout, at: `${field}.steps[${index}]` })),
    ...validatePluginSteps(steps, `${field}.steps`),
    ...validateSingleRoutes(canary, `${field}.steps`),
  ]
}

interface StepContext {
  readonly canary: CanaryStrategy
  readonly rollout: Rollout
  readonly at: string
}

type StepRules = {
  readonly [Kind in StepKind]: (value: NonNullable<CanaryStep[Kind]>, context: StepContext) => readonly Problem[]
}
type StepKind =
  | 'setWeight'
  | 'pause'
  | 'experiment'
  | 'analysis'
  | 'setCanaryScale'
  | 'setHeaderRoute'
  | 'setMirrorRoute'
  | 'plugin'

/** The keys of the step decide which rules hold; the order is that of the API. */
const rules: StepRules = {
  setWeight: validateWeight,
  pause: validatePause,
  experiment: (experiment, context) => validateExperimentStep(experiment, context, `${context.at}.experiment`),
  analysis: (analysis, { rollout, at }) => validateRolloutAnalysis(analysis, rollout, `${at}.analysis`),
  setCanaryScale: validateScale,
  setHeaderRoute: (route, { canary, at }) => validateHeaderRoute(route, canary, `${at}.setHeaderRoute`),
  setMirrorRoute: (route, { canary, at }) => validateMirrorRoute(route, canary, `${at}.setMirrorRoute`),
  plugin: (plugin, { canary, rollout, at }) =>
    plugin.name === COLOR_STEP
      ? validateColorStep(plugin.config, canary, `${at}.plugin.config`)
      : validatePluginStep(plugin, rollout, `${at}.plugin`),
}
const KINDS = Object.keys(rules) as readonly StepKind[]

/** As in Argo: of what takes its time, one; what is only set may stand beside it and beside each other. */
const ONE_OF: readonly StepKind[] = ['setWeight', 'pause', 'experiment', 'analysis']
const isLasting = (kind: StepKind, step: CanaryStep): boolean =>
  kind === 'plugin' ? pluginOfStep(step) !== undefined : ONE_OF.includes(kind)

function validateStep(step: CanaryStep, context: StepContext): readonly Problem[] {
  const kinds = KINDS.filter((candidate) => step[candidate] !== undefined)
  const lasting = kinds.filter((kind) => isLasting(kind, step))
  if (kinds.length === 0 || lasting.length > 1)
    return [
      {
        field: context.at,
        message: 'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause',
        fix: lasting.length > 1 ? `give ${lasting.join(', ')} a step each` : 'give it one',
      },
    ]
  return kinds.flatMap((kind) => applyRule(kind, step, context))
}

function applyRule<Kind extends StepKind>(kind: Kind, step: CanaryStep, context: StepContext): readonly Problem[] {
  const value = step[kind]
  return value === undefined || value === null ? [] : rules[kind](value, context)
}

function validateWeight(weight: number, { canary, at }: StepContext): readonly Problem[] {
  const most = canary.trafficRouting?.maxTrafficWeight ?? 100
  return when(weight < 0 || weight > most, `${at}.setWeight`, `SetWeight needs to be between 0 and ${most}`)
}

function validatePause({ duration }: NonNullable<CanaryStep['pause']>, { at }: StepContext): readonly Problem[] {
  if (duration === undefined) return []
  const durationMs = parseDurationMs(duration)
  return when(
    durationMs === undefined || durationMs < 0,
    `${at}.pause.duration`,
    'Duration needs to be greater than 0',
    'seconds (30) or a duration ("5m")',
  )
}

function validateScale(
  { replicas, weight, matchTrafficWeight }: NonNullable<CanaryStep['setCanaryScale']>,
  { canary, at: step }: StepContext,
): readonly Problem[] {
  const at = `${step}.setCanaryScale`
  const given = [replicas, weight, matchTrafficWeight].filter((value) => value !== undefined)
  return [
    ...when(canary.trafficRouting === undefined, at, 'SetCanaryScale requires TrafficRouting to be set'),
    ...when(given.length !== 1, at, 'exactly one of replicas, weight, matchTrafficWeight must be set'),
    ...whenNegative(replicas, `${at}.replicas`),
    ...when((weight ?? 0) < 0 || (weight ?? 0) > 100, `${at}.weight`, 'needs to be between 0 and 100'),
  ]
}
