/**
 * The rules of every kind in one table, for whoever has a manifest and no cluster: `penstock lint` and the admission webhook. It holds no rule of
 * its own.
 */

import type { z } from 'zod'
import {
  type AnalysisRunSpec,
  type AnalysisTemplateSpec,
  analysisRunSpecSchema,
  analysisTemplateSpecSchema,
} from '../../api/analysis.ts'
import { type Experiment, experimentSpecSchema } from '../../api/experiment.ts'
import type { KubeObject } from '../../api/meta.ts'
import { type Rollout, rolloutSpecSchema } from '../../api/rollout.ts'
import { validateAnalysis } from '../../metric-language/validate-analysis.ts'
import { collectTemplates, warnOfFullWeight } from './full-weight.ts'
import type { Problem } from './problem.ts'
import { listShapeProblems } from './shape.ts'
import { unknownFieldsFinder } from './unknown-fields.ts'
import { validateRollout } from './validate.ts'
import { validateExperiment } from './validate-experiment.ts'
import { warnOfMetrics, warnOfRollout } from './warnings.ts'

export interface ManifestRules {
  /** What makes the object invalid; empty when it can be obeyed. Takes an object of any shape with metadata. */
  readonly validate: (object: KubeObject) => readonly Problem[]
  /** What is surely not meant. `others`: objects that come with it, as far as they are known. */
  readonly warn: (object: KubeObject, others?: readonly KubeObject[]) => readonly Problem[]
}

type Spec = { readonly spec?: unknown }
const specOf = (object: KubeObject): unknown => (object as Spec).spec

/** A template may consist of other templates alone; then there is nothing of its own to judge. */
const validateTemplate = validator(analysisTemplateSpecSchema, (spec: AnalysisTemplateSpec) => {
  const isComposed = (spec.metrics ?? []).length === 0 && (spec.templates ?? []).length > 0
  return isComposed ? [] : validateRules({ ...spec, metrics: spec.metrics ?? [] })
})

const validateRules = (spec: AnalysisRunSpec): readonly Problem[] =>
  validateAnalysis(spec).map(({ field, message }) => ({ field: `spec.${field}`, message }))

function validator<Shape extends z.ZodType>(
  schema: Shape,
  validate: (spec: z.infer<Shape>) => readonly Problem[],
): ManifestRules['validate'] {
  return (object) => {
    const { data, error } = schema.safeParse(specOf(object))
    return error ? listShapeProblems(error, 'spec') : validate(data)
  }
}

function rules(
  schema: z.ZodType,
  validate: ManifestRules['validate'],
  warn: ManifestRules['warn'] = () => [],
): ManifestRules {
  const findUnknown = unknownFieldsFinder(schema, 'spec')
  return {
    validate,
    warn: (object, others) => [
      ...findUnknown(specOf(object)),
      ...(schema.safeParse(specOf(object)).success ? warn(object, others) : []),
    ],
  }
}

/** The spec is of its schema's shape by then. */
const warnOfAnalysis = (object: KubeObject): readonly Problem[] => warnOfMetrics(specOf(object) as AnalysisTemplateSpec)

const template = rules(analysisTemplateSpecSchema, validateTemplate, warnOfAnalysis)

/**
 * By kind, of `argoproj.io/v1alpha1`.
 *
 * @param checkRouters what is wrong with the configurations of a Rollout's routers: each router knows its own
 */
export const manifestRules = (
  checkRouters: (rollout: Rollout) => readonly Problem[],
): Readonly<Record<string, ManifestRules>> => ({
  Rollout: rules(
    rolloutSpecSchema,
    (object) => {
      const problems = validateRollout(object as Rollout)
      // Routers of a manifest that has no shape cannot be asked about.
      return rolloutSpecSchema.safeParse(specOf(object)).success
        ? [...problems, ...checkRouters(object as Rollout)]
        : problems
    },
    (object, others = []) => {
      const rollout = object as Rollout
      return [...warnOfRollout(rollout), ...warnOfFullWeight(rollout, collectTemplates(rollout, others))]
    },
  ),
  AnalysisTemplate: template,
  ClusterAnalysisTemplate: template,
  AnalysisRun: rules(analysisRunSpecSchema, validator(analysisRunSpecSchema, validateRules), warnOfAnalysis),
  Experiment: rules(experimentSpecSchema, (object) => validateExperiment(object as Experiment)),
})
