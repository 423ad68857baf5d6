/**
 * Whether a canary's `experiment` step can be turned into an Experiment, and whether its weights can be routed. What an Experiment must
 * hold by itself is the Experiment's own validation.
 */
import { z } from 'zod'
import { rolloutArgumentSchema } from '../../api/analysis.ts'
import type { CanaryStep, CanaryStrategy, Rollout } from '../../api/rollout.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { validateArgs } from './analysis-args.ts'
import { type Problem, when, whenNegative } from './problem.ts'
import { routersCan } from './routers.ts'
import { listShapeProblems } from './shape.ts'

const stepExperimentSchema = z.looseObject({
  templates: z
    .array(
      z.looseObject({
        name: z.string().nullish(),
        specRef: z.string().nullish(),
        replicas: z.int().nullish(),
        weight: z.int().nullish(),
      }),
    )
    .nullish(),
  duration: z.string().nullish(),
  analyses: z
    .array(
      z.looseObject({
        name: z.string().nullish(),
        templateName: z.string().nullish(),
        args: z.array(rolloutArgumentSchema).nullish(),
      }),
    )
    .nullish(),
})
type StepTemplate = NonNullable<z.infer<typeof stepExperimentSchema>['templates']>[number]

interface Context {
  readonly canary: CanaryStrategy
  readonly rollout: Rollout
}

export function validateExperimentStep(
  experiment: NonNullable<CanaryStep['experiment']>,
  { canary, rollout }: Context,
  field: string,
): readonly Problem[] {
  const { data, error } = stepExperimentSchema.safeParse(experiment)
  if (error) return listShapeProblems(error, field)
  const templates = data.templates ?? []
  const names = templates.map(({ name }) => name ?? '')
  return [
    ...when(templates.length === 0, `${field}.templates`, 'names no template', 'add one with specRef canary'),
    ...templates.flatMap((template, index) => [
      ...validateTemplate(template, canary, `${field}.templates[${index}]`),
      ...when(
        names[index] !== '' && names.indexOf(names[index] ?? '') < index,
        `${field}.templates[${index}].name`,
        'is the name of another template',
      ),
    ]),
    ...when(
      Boolean(data.duration) && !((parseGoDuration(data.duration ?? '') ?? -1) >= 0),
      `${field}.duration`,
      'must be a duration such as 30s, 5m or 1h30m',
    ),
    ...(data.analyses ?? []).flatMap((analysis, index) => [
      ...when(!analysis.name, `${field}.analyses[${index}].name`, 'is required'),
      ...when(!analysis.templateName, `${field}.analyses[${index}].templateName`, 'is required'),
      ...validateArgs(analysis.args ?? [], rollout, `${field}.analyses[${index}].args`),
    ]),
  ]
}

function validateTemplate(template: StepTemplate, canary: CanaryStrategy, field: string): readonly Problem[] {
  const routing = canary.trafficRouting
  const isWeighted = template.weight !== undefined && template.weight !== null
  return [
    ...when(!template.name, `${field}.name`, 'is required'),
    ...when(
      template.specRef !== 'canary' && template.specRef !== 'stable',
      `${field}.specRef`,
      'Invalid template step SpecRef: must be canary or stable',
    ),
    ...whenNegative(template.replicas, `${field}.replicas`),
    ...when(
      isWeighted && routing === undefined,
      `${field}.weight`,
      'Experiment template weight cannot be set unless TrafficRouting is enabled',
    ),
    ...when(
      isWeighted && routing !== undefined && !routersCan(routing, ({ additional }) => additional),
      `${field}.weight`,
      'Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time',
    ),
    ...whenNegative(template.weight, `${field}.weight`),
  ]
}
