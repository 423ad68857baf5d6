/**
 * What is valid and yet surely not meant: fields without effect beside what else the manifest says, and old names. Each is told when the object
 * is written and by `penstock lint`; none keeps a Rollout from being obeyed.
 */
import type { Rollout, RolloutSpec } from '../../api/rollout.ts'
import type { Problem } from './problem.ts'

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

/** The spec must be valid. */
export const warnOfRollout = ({ spec }: Rollout): readonly Problem[] =>
  warnings.filter(({ isDue }) => isDue(spec)).map(({ isDue: _isDue, ...problem }) => problem)
