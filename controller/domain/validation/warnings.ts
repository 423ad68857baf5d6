/**
 * What is valid and yet surely not meant: fields without effect beside what else the manifest says, and old names. Each is told when the object
 * is written and by `penstock lint`; none keeps a Rollout from being obeyed.
 */
import type { AnalysisTemplateSpec } from '../../api/analysis.ts'
import type { Rollout, RolloutSpec } from '../../api/rollout.ts'
import type { Problem } from './problem.ts'
import { warnOfRoutes } from './route-warnings.ts'
import { listMetricEffects } from './strict-rules.ts'

interface Warning extends Problem {
  readonly isDue: (spec: RolloutSpec) => boolean
}

const DEFAULT_REVISION_HISTORY_LIMIT = 10
const canary = 'spec.strategy.canary'
const withoutRouting = (spec: RolloutSpec, field: 'abortScaleDownDelaySeconds' | 'minPodsPerReplicaSet'): boolean =>
  spec.strategy?.canary?.[field] !== undefined && spec.strategy.canary.trafficRouting === undefined

const warnings: readonly Warning[] = [
  {
    field: 'spec.template.spec.serviceAccount',
    message: 'is the old name of serviceAccountName',
    fix: 'write serviceAccountName',
    isDue: ({ template }) =>
      template?.spec?.serviceAccount !== undefined && template.spec.serviceAccountName === undefined,
  },
  {
    field: `${canary}.abortScaleDownDelaySeconds`,
    message: 'has no effect without trafficRouting',
    isDue: (spec) => withoutRouting(spec, 'abortScaleDownDelaySeconds'),
  },
  {
    field: `${canary}.minPodsPerReplicaSet`,
    message: 'has no effect without trafficRouting',
    isDue: (spec) => withoutRouting(spec, 'minPodsPerReplicaSet'),
  },
  {
    field: `${canary}.analysis.startingStep`,
    message: 'is behind the last step: the background analysis never starts',
    isDue: ({ strategy }) => {
      const steps = strategy?.canary?.steps?.length ?? 0
      return steps > 0 && (strategy?.canary?.analysis?.startingStep ?? 0) > steps
    },
  },
  {
    field: `${canary}.scaleDownDelayRevisionLimit`,
    message: 'is more than revisionHistoryLimit keeps',
    isDue: ({ strategy, revisionHistoryLimit }) =>
      (strategy?.canary?.scaleDownDelayRevisionLimit ?? 0) > (revisionHistoryLimit ?? DEFAULT_REVISION_HISTORY_LIMIT),
  },
  {
    field: 'spec.strategy.blueGreen.autoPromotionSeconds',
    message: 'has no effect while autoPromotionEnabled is false',
    isDue: ({ strategy }) =>
      strategy?.blueGreen?.autoPromotionEnabled === false && (strategy.blueGreen.autoPromotionSeconds ?? 0) > 0,
  },
]

/** Metrics of a template or a run that strict verdicts read another way than Argo does; those that decide nothing are left out. */
export function warnOfMetrics({ metrics, dryRun }: AnalysisTemplateSpec): readonly Problem[] {
  const dry = new Set((dryRun ?? []).map(({ metricName }) => metricName))
  return (metrics ?? []).flatMap((metric, index) =>
    dry.has(metric.name)
      ? []
      : listMetricEffects(metric).map((message) => ({ field: `spec.metrics[${index}]`, message })),
  )
}

/** The spec must be valid. */
export const warnOfRollout = ({ spec }: Rollout): readonly Problem[] => [
  ...warnings.filter(({ isDue }) => isDue(spec)).map(({ isDue: _isDue, ...problem }) => problem),
  ...warnOfRoutes(spec),
]
