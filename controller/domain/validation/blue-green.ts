/** Rules about `strategy.blueGreen`: its Services, its delays and counts. Whether the Services exist is asked elsewhere. */

import type { z } from 'zod'
import type { blueGreenSchema, RolloutSpec } from '../../api/rollout.ts'
import { validateAntiAffinity } from './anti-affinity.ts'
import { type Problem, when } from './problem.ts'

type BlueGreenStrategy = z.infer<typeof blueGreenSchema>

const DEFAULT_REVISION_HISTORY_LIMIT = 10

export function validateBlueGreen(blueGreen: BlueGreenStrategy, spec: RolloutSpec): readonly Problem[] {
  const field = 'spec.strategy.blueGreen'
  return [
    ...when(
      blueGreen.activeService === (blueGreen.previewService ?? ''),
      `${field}.activeService`,
      'This rollout uses the same service for the active and preview services, but two different services are required.',
    ),
    ...when(
      (blueGreen.scaleDownDelayRevisionLimit ?? 0) > (spec.revisionHistoryLimit ?? DEFAULT_REVISION_HISTORY_LIMIT),
      `${field}.scaleDownDelayRevisionLimit`,
      "This rollout's revision history limit can not be smaller than the rollout's scale down limit",
    ),
    ...validateAntiAffinity(blueGreen.antiAffinity, `${field}.antiAffinity`),
  ]
}
