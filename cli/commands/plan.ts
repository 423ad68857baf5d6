/**
 * `penstock plan -f FILE`: the timeline of an update when all goes well, from the manifest alone. It plays the controller's own decisions; it needs
 * no cluster and says nothing of what goes wrong.
 */
import { parseDurationMs } from '../../controller/api/scalars.ts'
import { CliError, type ExitCode } from '../cli-error.ts'
import type { CliDeps } from '../deps.ts'
import { tellErrors } from '../lint/tell-errors.ts'
import { readManifestTexts } from '../manifest-files.ts'
import { type CommonOptions, sendJson } from '../options.ts'
import { type PlannedRollout, planRollout, type RefusedRollout } from '../plan/plan-rollouts.ts'
import { readManifests } from '../plan/read-manifests.ts'
import { renderPlan } from '../plan/render-timeline.ts'
import { printable } from '../terminal.ts'

export interface PlanOptions extends Pick<CommonOptions, 'json' | 'color'> {
  readonly file: readonly string[]
  readonly output?: string
  readonly podReady: string
}

/** 2 for a manifest that cannot be obeyed, with a sentence for each problem. */
export async function runPlan(options: PlanOptions, deps: CliDeps): Promise<ExitCode> {
  const isJson = readOutput(options)
  const podReadyMs = parseDurationMs(options.podReady)
  if (podReadyMs === undefined || podReadyMs < 0)
    throw new CliError(`--pod-ready "${options.podReady}" is not a time; write for example 10s or 1m`, 2)
  const texts = await readManifestTexts(options.file, deps)
  if (await tellErrors(texts, deps)) return 2
  const manifests = readManifests(texts.map(({ text }) => text))
  if (manifests.rollouts.length === 0) throw new CliError('none of the files holds a Rollout', 2)
  const plans = manifests.rollouts.map((rollout) => planRollout(rollout, manifests, podReadyMs))
  const refused = plans.filter((plan): plan is RefusedRollout => 'problems' in plan)
  for (const { name, problems } of refused)
    for (const { field, message, fix } of problems)
      tell(deps, `Rollout ${name}: ${field}: ${message}${fix === undefined ? '' : ` (${fix})`}`)
  if (refused.length > 0) return 2
  const planned = plans.filter((plan): plan is PlannedRollout => 'timeline' in plan)
  if (isJson) sendJson(deps, { podReadyMs, rollouts: planned })
  else deps.terminal.out(planned.map((plan) => renderPlan(plan, podReadyMs)).join('\n'))
  return 0
}

function readOutput({ json, output }: PlanOptions): boolean {
  if (output !== undefined && output !== 'json' && output !== 'text')
    throw new CliError(`-o "${output}" is no format; write json or text`, 2)
  return json === true || output === 'json'
}

const tell = ({ terminal }: CliDeps, text: string): void => terminal.err(`penstock: ${printable(text)}\n`)
