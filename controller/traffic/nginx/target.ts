/**
 * One stable Ingress with its canary Ingress, as they are: what the canary Ingress has to say for a given weight and given routes, and how it
 * differs. The weight is true only when everything else that is ours is as it has to be.
 */
import { GIVEN_ANNOTATIONS, MANAGED_RULES } from '../../api/labels.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { type AnnotationChanges, annotateAll } from '../codec/annotations.ts'
import { covers } from '../codec/covers.ts'
import { type LedgerEntry, ledgerText, type RecordedRoute, readLedger } from '../codec/ledger.ts'
import { pointer } from '../codec/patch.ts'
import type { Ingress, IngressSpec } from '../ingress.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import {
  type CanaryIngress,
  givenAnnotations,
  type NginxConfig,
  prefixOf,
  renderCanaryIngress,
} from './canary-ingress.ts'
import { conditionOf, HEADER_ANNOTATIONS, type HeaderCondition } from './condition.ts'

export interface NginxTarget {
  readonly stableRef: ObjectRef
  readonly canaryRef: ObjectRef
  /** For words: `Ingress "web/shop"`. */
  readonly label: string
  /** The configuration's field that names it. */
  readonly field: string
  readonly config: NginxConfig
  readonly context: RouterContext
}

/** The annotations that a managed route became; none when it does not fit. */
type Recorded = RecordedRoute<HeaderCondition>

/** The first route that fits is carried: there is one condition to a canary Ingress. */
export function recordRoutes(routes: readonly ManagedRoute[], { config }: NginxTarget): readonly Recorded[] {
  const outcomes = routes.map((route) => ({ route, outcome: conditionOf(route) }))
  const carried = givesHeader(config) ? -1 : outcomes.findIndex(({ outcome }) => !('reason' in outcome))
  return outcomes.map(({ route, outcome }, at) => ({
    route,
    rules: at === carried && !('reason' in outcome) ? [outcome] : [],
  }))
}

/** Why routes on record became nothing, in one sentence; undefined when all are carried. */
export function whyUncarried(recorded: readonly Recorded[], { label, config }: NginxTarget): string | undefined {
  const lost = recorded.find(({ rules }) => rules.length === 0)
  if (!lost) return undefined
  const outcome = conditionOf(lost.route)
  const reason =
    'reason' in outcome
      ? outcome.reason
      : givesHeader(config)
        ? `the configuration sets ${HEADER_ANNOTATIONS[0]} itself: remove one of the two`
        : 'ingress-nginx takes one such route at a time: take the other back first'
  return `${label}: managed route "${lost.route.name}" cannot be written: ${reason}`
}

/** The user's own header rule is never overridden. */
const givesHeader = (config: NginxConfig): boolean => {
  const given = givenAnnotations(config)
  return HEADER_ANNOTATIONS.some((name) => `${prefixOf(config)}/${name}` in given)
}

export interface WantedTraffic {
  readonly canary: number
  readonly managedRoutes: readonly ManagedRoute[]
}

/** Everything that is ours on the canary Ingress; its spec and what the user gives only as far as there is a stable Ingress to follow. */
export function wantedAnnotations(
  target: NginxTarget,
  canary: Ingress,
  followed: CanaryIngress | undefined,
  wanted: WantedTraffic,
): AnnotationChanges {
  const { config, context } = target
  const recorded = recordRoutes(wanted.managedRoutes, target)
  const before = readLedger<HeaderCondition>(canary, context)
  const prefixed = (names: readonly [string, string | undefined][]): AnnotationChanges =>
    Object.fromEntries(names.map(([name, value]) => [`${prefixOf(config)}/${name}`, value]))
  const conditions = (routes: readonly Recorded[]): readonly [string, string][] =>
    routes.flatMap(({ rules }) => rules.flatMap((rule): [string, string][] => Object.entries(rule)))
  return {
    ...(followed ? withoutFormer(canary) : {}),
    ...prefixed(conditions(before.routes).map(([name]) => [name, undefined])),
    ...followed?.annotations,
    ...prefixed([
      ['canary', 'true'],
      ['canary-weight', String(wanted.canary)],
      ['canary-weight-total', totalOf(target, canary)],
      ...conditions(recorded),
    ]),
    [MANAGED_RULES]: ledgerText(canary, context, { routes: recorded, backends: [] }),
  }
}

/** What the configuration gave once is to go, unless it is given still. */
const withoutFormer = ({ metadata }: Ingress): AnnotationChanges =>
  Object.fromEntries(
    (metadata.annotations?.[GIVEN_ANNOTATIONS] ?? '').split(' ').flatMap((name) => (name ? [[name, undefined]] : [])),
  )

/** The record of what is given now. One that is missing is no reason for a write: Argo keeps none. */
export const givenRecord = ({ config }: NginxTarget): AnnotationChanges => ({
  [GIVEN_ANNOTATIONS]: Object.keys(givenAnnotations(config)).sort().join(' ') || undefined,
})

/** 100 is what ingress-nginx takes when none is given; one that says so stays. */
function totalOf({ config, context: { maxWeight } }: NginxTarget, { metadata }: Ingress): string | undefined {
  const written = metadata.annotations?.[`${prefixOf(config)}/canary-weight-total`]
  return maxWeight === 100 && written !== '100' ? undefined : String(maxWeight)
}

/** Empty when the canary Ingress says all that already. */
export function changesOf(
  target: NginxTarget,
  stable: Ingress | undefined,
  canary: Ingress,
  wanted: WantedTraffic,
): readonly JsonPatchOperation[] {
  const followed = stable && renderCanaryIngress(stable, target.config, target.context)
  const annotations = wantedAnnotations(target, canary, followed, wanted)
  const changes = annotateAll(canary, annotations)
  const spec = followed ? specChanges(canary.spec ?? {}, followed.spec) : []
  if (changes.length + spec.length === 0) return []
  return [...annotateAll(canary, { ...annotations, ...(followed ? givenRecord(target) : {}) }), ...spec]
}

const FIELDS = ['ingressClassName', 'defaultBackend', 'tls', 'rules'] as const

const specChanges = (before: IngressSpec, after: IngressSpec): JsonPatchOperation[] =>
  FIELDS.flatMap((field): JsonPatchOperation[] => {
    const path = pointer('spec', field)
    const [is, value] = [before[field], after[field]]
    if (covers(is, value) && covers(value, is)) return []
    return [value === undefined ? { op: 'remove', path } : { op: 'add', path, value }]
  })

/** The weight that is written, if it is one. */
export function writtenWeight({ config, context }: NginxTarget, { metadata }: Ingress): number | undefined {
  const text = metadata.annotations?.[`${prefixOf(config)}/canary-weight`] ?? ''
  const weight = /^\d{1,9}$/.test(text) ? Number(text) : undefined
  return weight !== undefined && weight <= context.maxWeight ? weight : undefined
}

export const ledgerOf = (canary: Ingress, { context }: NginxTarget): LedgerEntry<HeaderCondition> =>
  readLedger<HeaderCondition>(canary, context)
