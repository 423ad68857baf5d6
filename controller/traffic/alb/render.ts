/**
 * What an Ingress of an ALB has to say for given traffic, as one patch: the action with the weights, an action, conditions and paths for each
 * managed route, and the records of both. Everything else of it stays as it is.
 */
import { MANAGED_RULES } from '../../api/labels.ts'
import type { ManagedRoute, TrafficIntent } from '../../api/traffic.ts'
import { type AnnotationChanges, annotateAll } from '../codec/annotations.ts'
import { covers } from '../codec/covers.ts'
import { ledgerText } from '../codec/ledger.ts'
import { pointer } from '../codec/patch.ts'
import type { Ingress } from '../ingress.ts'
import type { JsonPatchOperation } from '../router.ts'
import { renderForward, sameJson } from './action.ts'
import type { AlbRule } from './condition.ts'
import { type AlbLayout, type AlbTarget, actionKey, annotationKey, recordRoutes } from './layout.ts'
import { MANAGED_LIST, renderList } from './managed-list.ts'
import { arrangePaths } from './paths.ts'

export type Weights = Pick<TrafficIntent, 'canary' | 'stable' | 'additional'>

/** Canary, then others, then stable, as in Argo. */
export const renderWeights = ({ config, context }: AlbTarget, { canary, stable, additional }: Weights): string =>
  renderForward(config, [
    { service: context.canaryService, weight: canary },
    ...additional,
    { service: context.stableService, weight: stable },
  ])

/** Empty when the Ingress says all that already. */
export function changesOf(target: AlbTarget, layout: AlbLayout, intent: TrafficIntent): readonly JsonPatchOperation[] {
  const { ingress, isRooted } = layout
  const { rollout } = target.context
  const routes = recordRoutes(intent.managedRoutes, target, layout)
  const rules = routes.flatMap((recorded) => recorded.rules)
  const weights = isRooted ? { [actionKey(target)]: renderWeights(target, intent) } : {}
  const wanted = { ...weights, ...routeAnnotations(target, layout, rules) }
  const [kept, dropped] = [true, false].map((isKept) =>
    Object.keys(wanted).filter((key) => (wanted[key] !== undefined) === isKept),
  )
  return [
    ...annotateAll(ingress, {
      ...unsaid(ingress, wanted),
      [MANAGED_LIST]: renderList(ingress, rollout, { kept: kept ?? [], dropped: dropped ?? [] }),
      [MANAGED_RULES]: ledgerText(ingress, target.context, { routes, backends: [] }),
    }),
    ...pathChanges(layout, rules),
  ]
}

/** The Ingress has exactly these routes: annotations and paths, in order. */
export function hasRoutes(target: AlbTarget, layout: AlbLayout, routes: readonly ManagedRoute[]): boolean {
  const rules = recordRoutes(routes, target, layout).flatMap((recorded) => recorded.rules)
  const annotations = unsaid(layout.ingress, routeAnnotations(target, layout, rules))
  return Object.keys(annotations).length === 0 && pathChanges(layout, rules).length === 0
}

/** An action and its conditions per rule; those of rules that are no more are to go. */
function routeAnnotations(target: AlbTarget, { ours }: AlbLayout, rules: readonly AlbRule[]): AnnotationChanges {
  const forward = renderForward(target.config, [{ service: target.context.canaryService, weight: 100 }])
  const entries = [
    ...ours.map((name) => ({ name, action: undefined, conditions: undefined })),
    ...rules.map(({ name, conditions }) => ({ name, action: forward, conditions: JSON.stringify(conditions) })),
  ]
  return Object.fromEntries(
    entries.flatMap(({ name, action, conditions }) => [
      [annotationKey(target, 'actions', name), action],
      [annotationKey(target, 'conditions', name), conditions],
    ]),
  )
}

/** What the Ingress does not say yet, however it is written. */
const unsaid = ({ metadata: { annotations = {} } }: Ingress, wanted: AnnotationChanges): AnnotationChanges =>
  Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) =>
      value === undefined ? key in annotations : !sameJson(annotations[key], value),
    ),
  )

const pathChanges = ({ paths }: AlbLayout, rules: readonly AlbRule[]): readonly JsonPatchOperation[] =>
  paths.flatMap((one, at): JsonPatchOperation[] => {
    const after = arrangePaths(
      one,
      rules.map(({ name }) => name),
    )
    if (covers(one.all, after) && covers(after, one.all)) return []
    return [{ op: 'replace', path: pointer('spec', 'rules', at, 'http', 'paths'), value: after }]
  })
