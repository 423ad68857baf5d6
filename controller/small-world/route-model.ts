/**
 * One route of the small world: weights by Service, managed routes and a data plane that follows after a while. It obeys what it is told like a
 * gateway, knows no steps, and can be lost, found and damaged by hand. It may tell the two parts apart by subsets of one Service.
 */
import type { ManagedRoute, Subsets, TrafficIntent } from '../api/traffic.ts'
import type { CanaryRoles } from '../domain/canary/roles.ts'
import type { LastWriter, RouteReading } from '../domain/world.ts'

export interface RouteModelOptions {
  /** How the data plane answers: it reports, or it does not. */
  readonly confirmation?: 'confirmed' | 'unknown' | undefined
  /** Until the data plane serves what was written. */
  readonly confirmDelayMs?: number | undefined
  /** The Service whose subsets `stable` and `canary` are the two parts. */
  readonly divided?: string | undefined
  /** The API server keeps who wrote the route, until that is let go. */
  readonly fieldManagers?: boolean | undefined
}

const OBJECT = 'HTTPRoute "web/shop"'

type Part = 'stable' | 'canary'

/** Weights by Service; undefined: nobody can read them. */
type Weights = ReadonlyMap<string, number> | undefined

export function createRouteModel({
  confirmation = 'confirmed',
  confirmDelayMs = 0,
  divided,
  fieldManagers = false,
}: RouteModelOptions) {
  let weights: Weights
  let lastWriter: LastWriter = { isOurs: false, manager: 'kubectl-create', object: OBJECT }
  let isHeld = false
  let subsets: Readonly<Record<Part, string>> = { stable: '', canary: '' }
  /** Pods that a subset stood for before, as long as the data plane may send to them. */
  let leaving: readonly { readonly part: Part; readonly podHash: string; readonly untilMs: number }[] = []
  let managed: readonly ManagedRoute[] = []
  let broken: ReadonlySet<string> = new Set()
  let isGone = false
  let settledAtMs = Number.NEGATIVE_INFINITY
  /** What was written before, as long as the data plane may serve it. */
  let fading: readonly { readonly weights: Weights; readonly managed: boolean; readonly untilMs: number }[] = []

  /** The data plane goes on with what it has until the delay is over. */
  function change(now: number, manager = 'kubectl-edit'): void {
    lastWriter = { isOurs: manager === 'penstock', manager, object: OBJECT }
    isHeld ||= fieldManagers && lastWriter.isOurs
    const old = {
      weights: isGone ? new Map() : weights,
      managed: !isGone && managed.length > 0,
      untilMs: now + confirmDelayMs,
    }
    fading = [...fading.filter(({ untilMs }) => untilMs > now), ...(confirmDelayMs > 0 ? [old] : [])]
    settledAtMs = now + confirmDelayMs
  }

  const canaryOf = (of: Weights, { canaryService = '' }: CanaryRoles): number | undefined => of?.get(canaryService)
  const addedIn = (of: Weights, { canaryService, stableService }: CanaryRoles) =>
    [...(of ?? [])].filter(([service]) => service !== canaryService && service !== stableService)

  const readSubsets = (): { readonly subsets?: Subsets } => {
    if (divided === undefined) return {}
    const named = (name: Part) => ({ name, podHash: subsets[name] })
    return { subsets: { service: divided, stable: named('stable'), canary: named('canary') } }
  }

  return {
    read(roles: CanaryRoles, now: number): RouteReading {
      const router = divided === undefined ? 'argoproj-labs/gatewayAPI' : 'istio'
      const held = isHeld ? { held: [OBJECT] } : {}
      const shared = { router, ...readSubsets(), lastWriter, ...held }
      if (isGone) {
        const problem = 'HTTPRoute "web/shop" not found: create it or correct trafficRouting.plugins'
        return { ...shared, programmedCanary: undefined, confirmation: 'unknown', drivable: false, isGone, problem }
      }
      return {
        ...shared,
        programmedCanary: canaryOf(weights, roles),
        additional: Object.fromEntries(addedIn(weights, roles)),
        managedRoutes: managed.map((route) => ({ route, intact: !broken.has(route.name) })),
        drivable: true,
        confirmation: confirmation === 'unknown' ? 'unknown' : settledAtMs > now ? 'pending' : 'confirmed',
      }
    },
    write(intent: TrafficIntent, { canaryService = '', stableService = '' }: CanaryRoles, now: number): void {
      change(now, 'penstock')
      weights = new Map([
        [canaryService, intent.canary],
        [stableService, intent.stable],
        ...intent.additional.map(({ service, weight }) => [service, weight] as const),
      ])
      managed = intent.managedRoutes
      broken = new Set()
    },
    /** Somebody writes the two weights by hand; undefined makes them unreadable. */
    setCanary(
      weight: number | undefined,
      { canaryService = '', stableService = '' }: CanaryRoles,
      now: number,
      manager?: string,
    ): void {
      change(now, manager)
      weights =
        weight === undefined
          ? undefined
          : new Map([
              [canaryService, weight],
              [stableService, 100 - weight],
            ])
    },
    select(part: Part, podHash: string, now: number): void {
      leaving = [...leaving, { part, podHash: subsets[part], untilMs: now + confirmDelayMs }]
      subsets = { ...subsets, [part]: podHash }
      change(now, 'penstock')
    },
    /** Pod hashes that a subset may still send to besides the one that it names. */
    servedBefore: (part: Part, now: number): readonly string[] =>
      leaving.flatMap((old) => (old.part === part && old.untilMs > now ? [old.podHash] : [])),
    /** Nobody is on record any more for what the controller wrote. */
    release(): void {
      isHeld = false
    },
    remove(now: number): void {
      change(now)
      isGone = true
    },
    /** It is made again as a manifest has it: everything for stable, nothing of ours. */
    restore({ canaryService = '', stableService = '' }: CanaryRoles, now: number): void {
      isGone = false
      weights = new Map([
        [canaryService, 0],
        [stableService, 100],
      ])
      managed = []
      change(now)
    },
    /** Somebody deletes or edits the rules of a managed route by hand. */
    damage(name: string, now: number): void {
      if (isGone || !managed.some((route) => route.name === name)) return
      change(now)
      broken = new Set([...broken, name])
    },
    canary: (roles: CanaryRoles): number | undefined => (isGone ? undefined : canaryOf(weights, roles)),
    /** Canary weights that the data plane may still serve besides the written one. */
    servedCanaries: (roles: CanaryRoles, now: number): readonly number[] =>
      fading.filter(({ untilMs }) => untilMs > now).map(({ weights: old }) => canaryOf(old, roles) ?? 0),
    /** A managed route may still send to the canary. */
    servesManaged: (now: number): boolean =>
      (!isGone && managed.length > 0) || fading.some((old) => old.managed && old.untilMs > now),
    settledAtMs: (): number => settledAtMs,
  }
}
