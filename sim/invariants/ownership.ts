/** What is ours to write, and what is everybody else's: S15, S20, S22. */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet } from '../../controller/api/rollout.ts'
import type { HttpRoute, World } from '../cluster/world.ts'
import { type Invariant, isWriteOf } from './invariant.ts'
import { isOfExperiment, isShared, type Roles, rolesOf, rolloutOf } from './reading.ts'

/** What pods run, without what controllers add to tell them apart. */
function renderTemplate({ spec: { template } }: ReplicaSet): string {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  return JSON.stringify([labels, template.spec])
}

export const S15: Invariant = {
  id: 'S15',
  words: 'A pod template has one ReplicaSet: whoever starts anew, or takes over, makes no second one for it.',
  check(before, after, context) {
    const { cause } = context
    if (!isWriteOf(context, 'replicasets') || cause.kind !== 'write' || cause.verb !== 'create') return undefined
    const made = after.replicaSets.get(cause.name)
    if (!made || before.replicaSets.has(cause.name) || isOfExperiment(made)) return undefined
    const twin = [...before.replicaSets.values()].find(
      (rs) =>
        !isOfExperiment(rs) &&
        rs.metadata.deletionTimestamp === undefined &&
        renderTemplate(rs) === renderTemplate(made),
    )
    return twin && `${cause.name} has the template of ${twin.metadata.name}`
  },
}

/** Our marks, and what the API server keeps itself. */
const isOurs = (key: string): boolean =>
  /^(penstock\.dev\/|argo-rollouts\.argoproj\.io\/|rollouts?\.argoproj\.io\/)/.test(key)

const foreignOf = (entries: Readonly<Record<string, string>> | undefined): unknown =>
  Object.entries(entries ?? {}).filter(([key]) => !isOurs(key))

const renderMarks = ({ metadata: { labels, annotations, ownerReferences, finalizers } }: KubeObject): unknown => [
  foreignOf(labels),
  foreignOf(annotations),
  ownerReferences,
  finalizers,
]

/** Weights of a rule that divides requests between our two Services are ours, with backends that are no Service of the user; so is a rule by name. */
function renderRoute(route: HttpRoute, roles: Roles, managed: readonly string[], users: ReadonlySet<string>): string {
  const { rules = [], ...spec } = route.spec ?? {}
  const theirs = rules.filter(({ name = '' }) => !managed.includes(name.replace(/-\d+$/, '')))
  const foreign = theirs.map((rule) => {
    if (!isShared(rule, roles)) return rule
    const backends = (rule.backendRefs ?? []).filter(({ name }) => users.has(name))
    return { ...rule, backendRefs: backends.map(({ weight: _weight, ...ref }) => ref) }
  })
  return JSON.stringify([renderMarks(route), spec, foreign])
}

function checkRoute(before: World, after: World, name: string): string | undefined {
  const [was, is] = [before.httpRoutes.get(name), after.httpRoutes.get(name)]
  const { trafficRouting } = rolloutOf(after)?.spec.strategy?.canary ?? {}
  const managed = (trafficRouting?.managedRoutes ?? []).map((one) => one.name)
  const users = new Set(
    [...before.services.values()]
      .filter(({ metadata }) => (metadata.ownerReferences ?? []).length === 0)
      .map(({ metadata }) => metadata.name),
  )
  const render = (route: HttpRoute | undefined): string | undefined =>
    route && renderRoute(route, rolesOf(after), managed, users)
  return render(was) === render(is) ? undefined : `what is not ours of HTTPRoute "${name}" has changed`
}

function checkService(before: World, after: World, name: string): string | undefined {
  const [was, is] = [before.services.get(name), after.services.get(name)]
  if (!was || !is) return undefined
  const render = (service: typeof was): string => {
    const { [POD_TEMPLATE_HASH]: _hash, ...selector } = service.spec.selector ?? {}
    return JSON.stringify([renderMarks(service), { ...service.spec, selector }])
  }
  return render(was) === render(is) ? undefined : `what is not ours of Service "${name}" has changed`
}

export const S20: Invariant = {
  id: 'S20',
  words:
    'Of a Service and a route that others write too, we change weights, our own rules, the pod hash and our marks only.',
  check(before, after, context) {
    const { cause } = context
    if (cause.kind !== 'write') return undefined
    if (isWriteOf(context, 'httproutes')) return checkRoute(before, after, cause.name)
    return isWriteOf(context, 'services') ? checkService(before, after, cause.name) : undefined
  },
}

/** A size that is left out is written down as the 1 that it stands for: without it the scale subresource answers autoscalers with an error. */
export const S22: Invariant = {
  id: 'S22',
  words:
    "The spec of a Rollout is the user's and the autoscaler's: no write of ours changes it, and we never report more pods to steer than it asks for.",
  check(before, after, context) {
    const [was, is] = [rolloutOf(before), rolloutOf(after)]
    if (!isWriteOf(context, 'rollouts') || !was || !is || was === is) return undefined
    const asked = is.spec.replicas ?? 1
    if (
      JSON.stringify({ ...was.spec, replicas: was.spec.replicas ?? 1 }) !==
      JSON.stringify({ ...is.spec, replicas: asked })
    )
      return 'a write of ours changes the spec'
    const told = is.status?.HPAReplicas ?? 0
    const isSeen = String(is.status?.observedGeneration) === String(is.metadata.generation)
    if (!isSeen || told <= asked || is.spec.strategy?.canary === undefined) return undefined
    return `${told} pods are reported to the autoscaler, which asked for ${asked}`
  },
}
