/** How a telling ended, in lines that hold nothing of its course: no times, no ids, no resourceVersions. Two endings are equal if their lines are. */
import { POD_TEMPLATE_HASH, REVISION } from '../../controller/api/labels.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import { type HttpRoute, hashOf, type World } from '../cluster/world.ts'

function renderRollout({ status = {}, metadata }: Rollout): string[] {
  const { phase, message, abort, currentStepIndex, currentPodHash, stableRS, pauseConditions, canary, blueGreen } =
    status
  const { weights } = canary ?? {}
  const { activeSelector, previewSelector } = blueGreen ?? {}
  return [
    `${phase}${message ? `: ${message}` : ''}${abort ? ', aborted' : ''}`,
    `revision ${metadata.annotations?.[REVISION]}: ${currentPodHash}, stable ${stableRS}, step ${currentStepIndex ?? '-'}`,
    `paused: ${(pauseConditions ?? []).map(({ reason }) => reason).join(', ') || 'no'}`,
    `weights: ${weights ? `canary ${weights.canary.weight}, stable ${weights.stable.weight}` : '-'}`,
    `selectors: ${activeSelector ?? '-'}, ${previewSelector ?? '-'}`,
    `pods for an autoscaler: ${status.HPAReplicas ?? '-'}`,
    `restarted: ${status.restartedAt ? 'yes' : 'no'}`,
  ]
}

export const renderRules = ({ spec }: HttpRoute): string =>
  (spec?.rules ?? [])
    .map(({ name = '', backendRefs = [] }) =>
      [name, ...backendRefs.map((backend) => `${backend.name} ${backend.weight ?? '-'}`)].join(' '),
    )
    .join('; ')

const sorted = <T>(objects: ReadonlyMap<string, T>, render: (object: T, name: string) => string): string[] =>
  [...objects].map(([name, object]) => render(object, name)).sort()

export function renderEnding(world: World): readonly string[] {
  return [
    ...[...world.rollouts.values()].flatMap(renderRollout),
    ...sorted(
      world.replicaSets,
      ({ metadata, spec, status }, name) =>
        `${name} ${metadata.labels?.[POD_TEMPLATE_HASH]} revision ${metadata.annotations?.[REVISION] ?? '-'}: ${spec.replicas}, ${status?.availableReplicas ?? 0} available`,
    ),
    ...sorted(world.services, (service, name) => `service ${name} → ${hashOf(service) ?? '*'}`),
    ...sorted(world.httpRoutes, (route, name) => `route ${name}: ${renderRules(route)}`),
    ...sorted(
      world.analysisRuns,
      ({ status, spec }, name) => `run ${name}: ${status?.phase ?? '-'}${spec?.terminate ? ', terminated' : ''}`,
    ),
    ...sorted(world.experiments, ({ status }, name) => `experiment ${name}: ${status?.phase ?? '-'}`),
  ]
}
