/**
 * What a run with a statistical gate is told about the stage of its release, and when. One write for each stage of a background run, none while nothing
 * changes. It must not decide which stage it is; strategies do.
 *
 *   run                              its note          shift to the stage   is written
 *   without a gate, ended or ending  any               any                  nothing
 *   new, or without a note           -                 made                 the stage
 *   new, or without a note           -                 not made yet         the stage before
 *   under way                        this stage        any                  nothing
 *   under way                        another           made                 the stage
 *   under way                        another           not made yet         nothing: traffic is where the note says
 */
import { type AnalysisRun, isCompleted } from '../../api/analysis.ts'
import { STAGE } from '../../api/labels.ts'
import { type ReleaseStage, renderReleaseStage } from '../../api/release-stage.ts'
import type { AnnotationPatch } from '../plan.ts'
import { hasGate } from './exposed-since.ts'

export interface StageFacts extends ReleaseStage {
  /** Traffic is shifted as far as the stage says. */
  readonly isReached: boolean
}

/** For a run that is made now. */
export const renderStage = (run: AnalysisRun, facts: StageFacts | undefined): Readonly<Record<string, string>> =>
  facts && hasGate(run) ? { [STAGE]: renderReleaseStage(reachedStage(facts)) } : {}

/** For the run that counts; undefined: nothing is to be written. */
export function renderStageChange(run: AnalysisRun, facts: StageFacts | undefined): AnnotationPatch | undefined {
  if (!facts || !hasGate(run) || isCompleted(run.status?.phase) || run.spec.terminate === true) return undefined
  const noted = run.metadata.annotations?.[STAGE]
  if (noted !== undefined && !facts.isReached) return undefined
  const stage = renderReleaseStage(reachedStage(facts))
  return stage === noted ? undefined : { [STAGE]: stage }
}

const reachedStage = ({ number, isReached, ...stages }: StageFacts): ReleaseStage => ({
  ...stages,
  number: isReached ? number : Math.max(0, number - 1),
})
