/**
 * The rules beyond shape, by kind. The one place where the CLI meets the controller's decisions: `lint` must say exactly what the
 * controller will say, so it asks the same pure functions.
 */
import type { AnalysisRunSpec } from '../../controller/api/analysis.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import { validateRollout } from '../../controller/domain/validation/validate.ts'
import { validateExperiment } from '../../controller/domain/validation/validate-experiment.ts'
import { validateAnalysis } from '../../controller/metric-language/validate-analysis.ts'
import type { Validators } from '../deps.ts'
import type { Problem } from './problem.ts'

interface AnalysisObject extends KubeObject {
  readonly spec: Partial<AnalysisRunSpec> & { readonly templates?: readonly unknown[] }
}

/** A template may consist of other templates alone; then there is nothing of its own to judge. */
function validateTemplate(object: unknown): readonly Problem[] {
  const { spec } = object as AnalysisObject
  if ((spec.metrics ?? []).length === 0 && (spec.templates ?? []).length > 0) return []
  return validateAnalysis({ ...spec, metrics: spec.metrics ?? [] }).map(({ field, message }) => ({
    field: `spec.${field}`,
    message,
  }))
}

export const validators: Validators = {
  Rollout: (object) => validateRollout(object as Rollout),
  AnalysisTemplate: validateTemplate,
  ClusterAnalysisTemplate: validateTemplate,
  AnalysisRun: validateTemplate,
  Experiment: (object) => validateExperiment(object as Experiment),
}
