/**
 * Where a release stands among the weights that it passes through, as the Rollout's controller notes it on an AnalysisRun for its gates. Shape and text
 * only: which stage it is, is decided in `controller/domain`.
 */
import { z } from 'zod'

/** Steps are bounded by the size of a Rollout; a note of more than this is not ours. */
const MOST_STAGES = 1000

const releaseStageSchema = z
  .object({
    /** Of `weights`, from 1; 0 before the first. */
    number: z.int().min(0),
    /** Of the canary by stage, percent of all traffic, the last one included. */
    weights: z.array(z.number().min(0).max(100)).min(1).max(MOST_STAGES).readonly(),
  })
  .refine(({ number, weights }) => number <= weights.length)
  .readonly()
export type ReleaseStage = z.infer<typeof releaseStageSchema>

/** Equal stages give equal text. */
export const renderReleaseStage = ({ number, weights }: ReleaseStage): string => JSON.stringify({ number, weights })

/** Undefined for what no controller has written. */
export function readReleaseStage(text: string | undefined): ReleaseStage | undefined {
  if (text === undefined) return undefined
  try {
    return releaseStageSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
