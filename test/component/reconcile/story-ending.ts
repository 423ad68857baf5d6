/**
 * What is left of a story, in lines that a person can hold against what should be: phase, revisions by the version that they run, sizes, selectors,
 * routes, and what else there is. Nothing in them depends on times, names of pods or resource versions.
 */
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import type { Experiment } from '../../../controller/api/experiment.ts'
import { POD_TEMPLATE_HASH, REVISION } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Pod } from '../../../controller/api/pod.ts'
import type { ReplicaSet, Rollout, Service } from '../../../controller/api/rollout.ts'
import { readStepEntries } from '../../../controller/api/step-plugin-status.ts'
import type { Workload } from '../../../controller/api/workload.ts'
import type { KubeClient, ResourceKind } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'

export interface HttpRoute extends KubeObject {
  readonly spec: {
    readonly rules: readonly {
      readonly name?: string
      readonly matches?: readonly object[]
      readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[]
    }[]
  }
}

interface VirtualService extends KubeObject {
  readonly spec: {
    readonly http: readonly {
      readonly name?: string
      readonly route: readonly { readonly destination: { readonly subset?: string }; readonly weight?: number }[]
    }[]
  }
}
interface DestinationRule extends KubeObject {
  readonly spec: {
    readonly subsets: readonly { readonly name: string; readonly labels?: Readonly<Record<string, string>> }[]
  }
}

const NAMESPACE = 'web'

export async function readLeft(client: KubeClient) {
  const list = async <T extends KubeObject>(kind: ResourceKind): Promise<readonly T[]> =>
    (await client.list<T>(kind, { namespace: NAMESPACE })).items
  return {
    rollout: await client.get<Rollout>({ kind: kinds.rollouts, namespace: NAMESPACE, name: 'shop' }),
    sets: await list<ReplicaSet>(kinds.replicaSets),
    services: await list<Service>(kinds.services),
    routes: await list<HttpRoute>(kinds.httpRoutes),
    virtualServices: await list<VirtualService>(kinds.virtualServices),
    destinationRules: await list<DestinationRule>(kinds.destinationRules),
    runs: await list<AnalysisRun>(kinds.analysisRuns),
    experiments: await list<Experiment>(kinds.experiments),
    pods: await list<Pod>(kinds.pods),
    workloads: await list<Workload>(kinds.deployments),
  }
}
export type Left = Awaited<ReturnType<typeof readLeft>>

/** `v2` for what runs `shop:2`; pods of an Experiment are told by its template. */
function namesOf({ sets }: Left): ReadonlyMap<string, string> {
  return new Map(
    sets.map((rs) => {
      const [container] = (rs.spec.template.spec as { containers: { image: string }[] }).containers
      const version = `v${container?.image.split(':')[1]}`
      const isOfExperiment = rs.metadata.ownerReferences?.[0]?.kind === 'Experiment'
      const template = rs.metadata.name.split('-').at(-1)
      return [rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '', isOfExperiment ? `${template} of ${version}` : version]
    }),
  )
}

export function renderEnding(left: Left): string[] {
  const names = namesOf(left)
  const nameOf = (hash: string | undefined): string => (hash === undefined ? '*' : (names.get(hash) ?? `?${hash}`))
  const line = (title: string, parts: readonly string[]): string[] =>
    parts.length > 0 ? [`${title}: ${[...parts].sort().join(', ')}`] : []
  return [
    ...renderStatus(left, nameOf),
    ...line(
      'pods',
      left.sets.map((rs) => {
        const revision = rs.metadata.annotations?.[REVISION]
        const name = nameOf(rs.metadata.labels?.[POD_TEMPLATE_HASH])
        return `${revision === undefined ? name : `${name} (revision ${revision})`} ${rs.spec.replicas}`
      }),
    ),
    ...line(
      'services',
      left.services.map(({ metadata, spec }) => `${metadata.name}→${nameOf(spec.selector?.[POD_TEMPLATE_HASH])}`),
    ),
    ...left.routes.flatMap(({ spec }) => spec.rules.map(renderRule)),
    ...line(
      'subsets',
      left.destinationRules.flatMap(({ spec }) =>
        spec.subsets.map(({ name, labels }) => `${name}→${nameOf(labels?.[POD_TEMPLATE_HASH])}`),
      ),
    ),
    ...left.virtualServices.flatMap(({ spec }) => spec.http.map(renderHttp)),
    ...line(
      'runs',
      left.runs.map(({ spec, status }) => status?.phase ?? (spec?.terminate ? 'terminated' : 'none')),
    ),
    ...line(
      'experiments',
      left.experiments.map(({ status }) => status?.phase ?? 'none'),
    ),
    ...line(
      'roles',
      left.pods.flatMap(({ metadata }) => metadata.labels?.role ?? []),
    ),
    ...line(
      'workload',
      left.workloads.map(({ spec }) => String(spec?.replicas)),
    ),
  ]
}

function renderStatus({ rollout }: Left, nameOf: (hash: string | undefined) => string): string[] {
  const { status = {}, metadata } = rollout ?? { metadata: {} }
  const { phase, message, abort, currentStepIndex, currentPodHash, stableRS, pauseConditions, canary, blueGreen } =
    status
  const { activeSelector, previewSelector } = blueGreen ?? {}
  const selectors = [activeSelector, previewSelector].flatMap((hash) => (hash ? [nameOf(hash)] : []))
  const { weights, stablePingPong } = canary ?? {}
  const plugins = readStepEntries(canary?.stepPluginStatuses).map(
    ({ index, operation, phase: is, status: { call } }) => `${index} ${operation} ${is}${call ? ' waits' : ''}`,
  )
  return [
    `${phase}${message ? `: ${message}` : ''}${abort ? ', aborted' : ''}`,
    `revision ${metadata.annotations?.[REVISION]}: ${nameOf(currentPodHash)}, stable ${nameOf(stableRS ?? undefined)}, step ${currentStepIndex ?? '-'}`,
    ...(pauseConditions?.length ? [`paused: ${pauseConditions.map(({ reason }) => reason).join(', ')}`] : []),
    ...(selectors.length > 0 ? [`in status: ${selectors.join(', ')}`] : []),
    ...(weights ? [`in status: canary ${weights.canary.weight}, stable ${weights.stable.weight}`] : []),
    ...(stablePingPong ? [`in status: stable is ${stablePingPong}`] : []),
    ...(status.restartedAt ? ['restarted'] : []),
    ...(plugins.length > 0 ? [`plugins: ${plugins.join(', ')}`] : []),
  ]
}

const renderHttp = ({ name, route }: VirtualService['spec']['http'][number]): string =>
  `http ${name ?? ''}: ${route.map(({ destination: { subset }, weight }) => `${subset} ${weight ?? '-'}`).join(', ')}`

const renderRule = ({ name, matches, backendRefs = [] }: HttpRoute['spec']['rules'][number]): string => {
  const condition = matches === undefined ? '' : ` ${name ?? 'matches'}`
  return `route${condition}: ${backendRefs.map(({ name: service, weight }) => `${service} ${weight ?? 1}`).join(', ')}`
}
