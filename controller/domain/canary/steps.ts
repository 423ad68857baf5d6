/**
 * What the steps of a canary say at an index: the weight in force, the canary's size in force, the name of a step, the route or the plugin that a
 * step stands for. Reading only; whether a step is complete is decided in `progress.ts`.
 */
import { COLOR_STEP, colorOfStep } from '../../api/color-step.ts'
import type { CanaryStep } from '../../api/rollout.ts'
import { parseDurationMs } from '../../api/scalars.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import type { OwnPause } from '../pauses.ts'

/** Weight in force while the step at `index` runs: that of the nearest setWeight at or before it, 0 before the first, all past the end. */
export function weightAt(steps: readonly CanaryStep[], index: number, maxWeight: number): number {
  if (index >= steps.length) return maxWeight
  for (let at = index; at >= 0; at--) {
    const weight = steps[at]?.setWeight
    if (weight !== undefined) return weight
  }
  return 0
}

export type CanaryScale = { readonly replicas: number } | { readonly weight: number } | 'matchTrafficWeight'

/** Size of the canary in force: the nearest setCanaryScale at or before `index`; past the end the weight decides again. */
export function canaryScaleAt(steps: readonly CanaryStep[], index: number): CanaryScale {
  if (index >= steps.length) return 'matchTrafficWeight'
  for (let at = index; at >= 0; at--) {
    const scale = steps[at]?.setCanaryScale
    if (!scale) continue
    if (scale.replicas !== undefined) return { replicas: scale.replicas }
    if (scale.weight !== undefined) return { weight: scale.weight }
    return 'matchTrafficWeight'
  }
  return 'matchTrafficWeight'
}

/** The pause that a step asks for; undefined: it asks for none. */
export function pauseOfStep(step: CanaryStep | undefined): OwnPause | undefined {
  if (!step?.pause) return undefined
  const { duration } = step.pause
  return { reason: 'CanaryPauseStep', durationMs: duration === undefined ? undefined : parseDurationMs(duration) }
}

/** A managed route by name; without `route` the step takes back what that name stood for. */
export interface DeclaredRoute {
  readonly name: string
  readonly route?: ManagedRoute
}

/** The routes that a step declares, in whichever of their three spellings; Argo lets a step have several. */
export function routesOfStep(step: CanaryStep | undefined): readonly DeclaredRoute[] {
  const { setHeaderRoute: header, setMirrorRoute: mirror } = step ?? {}
  const color = step && colorOfStep(step)
  return [
    ...(header ? [declare({ kind: 'header', name: header.name, match: header.match ?? [] })] : []),
    ...(mirror ? [declare(mirrorOf(mirror))] : []),
    ...(color ? [declare({ kind: 'color', name: color.name, match: color.match ?? [] })] : []),
  ]
}

const mirrorOf = ({ name, match = [], percentage = 100 }: NonNullable<CanaryStep['setMirrorRoute']>): ManagedRoute => ({
  kind: 'mirror',
  name,
  match,
  percentage,
})

const declare = (route: ManagedRoute): DeclaredRoute =>
  route.match.length > 0 ? { name: route.name, route } : { name: route.name }

/** The plugin that a step calls. A colour is spelled like a plugin, and declares a route instead. */
export const pluginOfStep = (step: CanaryStep | undefined): CanaryStep['plugin'] =>
  step?.plugin?.name === COLOR_STEP ? undefined : step?.plugin

/** The step as Argo's event texts name it, for instance `setWeight: 20`. */
export function describeStep(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`
  if (step.pause) return step.pause.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`
  const plugin = pluginOfStep(step)
  if (plugin) return `plugin: ${plugin.name}`
  if (step.plugin) return `color: ${colorOfStep(step)?.name ?? ''}`
  const kind = Object.keys(step)[0] ?? 'empty'
  return kind
}

/** True when the stage ends behind `index`: the next step changes the weight, or there is none. */
export const endsStage = (steps: readonly CanaryStep[], index: number): boolean =>
  index + 1 >= steps.length || steps[index + 1]?.setWeight !== undefined
