/** Rules about `strategy.blueGreen`: its Services, counts, delays and analyses. Whether the Services exist is asked elsewhere. */
import type { BlueGreenStrategy, Rollout } from '../../api/rollout.ts'
import { resolveIntOrPercent } from '../replicas.ts'
import { validateRolloutAnalysis } from './analysis-args.ts'
import { validateAntiAffinity } from './anti-affinity.ts'
import { type Problem, when, whenNegative } from './problem.ts'

const DEFAULT_REVISION_HISTORY_LIMIT = 10
const NATURALS = [
  'previewReplicaCount',
  'autoPromotionSeconds',
  'scaleDownDelaySeconds',
  'scaleDownDelayRevisionLimit',
  'abortScaleDownDelaySeconds',
] as const
const ANALYSES = ['prePromotionAnalysis', 'postPromotionAnalysis'] as const

export function validateBlueGreen(blueGreen: BlueGreenStrategy, rollout: Rollout): readonly Problem[] {
  const field = 'spec.strategy.blueGreen'
  const { activeService, previewService = '', maxUnavailable } = blueGreen
  const revisionHistoryLimit = rollout.spec.revisionHistoryLimit ?? DEFAULT_REVISION_HISTORY_LIMIT
  return [
    ...when(
      activeService === previewService,
      `${field}.activeService`,
      'This rollout uses the same service for the active and preview services, but two different services are required.',
    ),
    ...when(
      (blueGreen.scaleDownDelayRevisionLimit ?? 0) > revisionHistoryLimit,
      `${field}.scaleDownDelayRevisionLimit`,
      "This rollout's revision history limit can not be smaller than the rollout's scale down limit",
    ),
    ...NATURALS.flatMap((name) => whenNegative(blueGreen[name], `${field}.${name}`)),
    ...when(
      maxUnavailable !== undefined && !((resolveIntOrPercent(maxUnavailable, 100, 'up') ?? -1) >= 0),
      `${field}.maxUnavailable`,
      'must be a number of pods or a percentage',
      'for instance 1 or "25%"',
    ),
    ...ANALYSES.flatMap((name) => {
      const analysis = blueGreen[name]
      return analysis ? validateRolloutAnalysis(analysis, rollout, `${field}.${name}`) : []
    }),
    ...validateAntiAffinity(blueGreen.antiAffinity, `${field}.antiAffinity`),
  ]
}
