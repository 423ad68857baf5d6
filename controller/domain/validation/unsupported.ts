/**
 * Features of the API that this version does not drive yet, one entry each: who builds a feature deletes its entry, and nothing else here.
 * A feature that is used and cannot be obeyed is refused, never ignored. Rules about a feature's own fields stand in that feature's file.
 */
import type { BlueGreenStrategy } from '../blue-green/view.ts'
import type { CanaryStep, CanaryStrategy, RolloutSpec } from '../../api/rollout.ts'
import type { Problem } from './problem.ts'

interface Feature<Part> {
  /** Below the part. */
  readonly field: string
  readonly isUsed: (part: Part) => boolean
  readonly fix: string
}

const ofBlueGreens: readonly Feature<BlueGreenStrategy>[] = [
  { field: 'antiAffinity', isUsed: ({ antiAffinity }) => antiAffinity !== undefined, fix: 'remove it' },
  { field: 'previewMetadata', isUsed: ({ previewMetadata }) => previewMetadata !== undefined, fix: 'remove it' },
  { field: 'activeMetadata', isUsed: ({ activeMetadata }) => activeMetadata !== undefined, fix: 'remove it' },
]

const ofCanaries: readonly Feature<CanaryStrategy>[] = [
  { field: 'dynamicStableScale', isUsed: (canary) => canary.dynamicStableScale === true, fix: 'remove it' },
  { field: 'pingPong', isUsed: ({ pingPong }) => pingPong !== undefined, fix: 'remove it' },
  { field: 'antiAffinity', isUsed: ({ antiAffinity }) => antiAffinity !== undefined, fix: 'remove it' },
  { field: 'canaryMetadata', isUsed: ({ canaryMetadata }) => canaryMetadata !== undefined, fix: 'remove it' },
  { field: 'stableMetadata', isUsed: ({ stableMetadata }) => stableMetadata !== undefined, fix: 'remove it' },
  {
    field: 'trafficRouting.managedRoutes',
    isUsed: ({ trafficRouting }) => (trafficRouting?.managedRoutes ?? []).length > 0,
    fix: 'remove it',
  },
]

const ofSteps: readonly Feature<CanaryStep>[] = [
  { field: 'setHeaderRoute', isUsed: ({ setHeaderRoute }) => setHeaderRoute !== undefined, fix: 'remove the step' },
  { field: 'setMirrorRoute', isUsed: ({ setMirrorRoute }) => setMirrorRoute !== undefined, fix: 'remove the step' },
]

export const unsupported = (field: string, fix: string): Problem => ({
  field,
  message: 'is not supported by this version of Penstock',
  fix,
})

/** In the order of the manifest; the spec's shape must be right. */
export function findUnsupported(spec: RolloutSpec): readonly Problem[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const at = 'spec.strategy.canary'
  return [
    ...(blueGreen ? list(ofBlueGreens, blueGreen, 'spec.strategy.blueGreen') : []),
    ...(canary ? list(ofCanaries, canary, at) : []),
    ...(canary?.steps ?? []).flatMap((step, index) => list(ofSteps, step, `${at}.steps[${index}]`)),
  ]
}

const list = <Part>(features: readonly Feature<Part>[], part: Part, root: string): readonly Problem[] =>
  features.filter(({ isUsed }) => isUsed(part)).map(({ field, fix }) => unsupported(`${root}.${field}`, fix))
