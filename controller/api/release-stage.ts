/**
 * Where a release stands among the weights that it passes through, as the Rollout's controller notes it on an AnalysisRun for its gates. Shape and text
 * only: which stage it is, is decided in `controller/domain`.
 */
import { z } from 'zod'

/** Steps are bounded by the size of a Rollout; a note of more than this is not ours. */
const MOST_STAGES = 1000

const stageLengthSchema = z
  .object({
    /** Of pauses and experiments that end by themselves. */
    seconds: z.number().positive().exactOptional(),
    /** So many steps that are an analysis; how long one takes is up to its metrics. */
    analyses: z.int().positive().exactOptional(),
    /** A pause waits for a person. */
    untilPromoted: z.literal(true).exactOptional(),
  })
  .readonly()
/** What a stage waits for before the next one, as far as the steps say; nothing for all traffic behind the last step. */
export type StageLength = z.infer<typeof stageLengthSchema>

const releaseStageSchema = z
  .object({
    /** Of `weights`, from 1; 0 before the first. */
    number: z.int().min(0),
    /** Of the canary by stage, percent of all traffic, the last one included. */
    weights: z.array(z.number().min(0).max(100)).min(1).max(MOST_STAGES).readonly(),
    /** By stage, as `weights`. */
    lengths: z.array(stageLengthSchema).readonly().exactOptional(),
  })
  .refine(
    ({ number, weights, lengths }) =>
      number <= weights.length && (lengths?.length ?? weights.length) === weights.length,
  )
  .readonly()
export type ReleaseStage = z.infer<typeof releaseStageSchema>

/** Equal stages give equal text. */
export const renderReleaseStage = ({ number, weights, lengths }: ReleaseStage): string =>
  JSON.stringify({ number, weights, lengths })

/** Undefined for what no controller has written. */
export function readReleaseStage(text: string | undefined): ReleaseStage | undefined {
  if (text === undefined) return undefined
  try {
    return releaseStageSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
