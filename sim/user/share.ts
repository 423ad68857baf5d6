/** Which share of the requests the new version gets, in the true state of the data plane. Pure. */
import { SERVICE_NAME, type World } from '../cluster/world.ts'
import { imageOf } from '../models/pods.ts'
import { NEW_IMAGE } from './user-rollout.ts'

/** Percent, 0 to 100, with tenths. `direct`: Services that users reach without a route. */
export function newWeightPercent(world: World, direct: readonly string[]): number {
  const shares = [...world.dataPlane.routes.values()].map(({ weights }) => shareOf(world, weights))
  const even = shareOf(world, new Map(direct.map((name) => [name, 1])))
  return Math.round(1000 * Math.max(0, even, ...shares)) / 10
}

/** Of the requests that Services with such weights get; whom nobody answers counts for nobody. */
function shareOf(world: World, weights: ReadonlyMap<string, number>): number {
  let [all, fresh] = [0, 0]
  for (const [service, weight] of weights) {
    const images = imagesBehind(world, service)
    if (weight === 0 || images.length === 0) continue
    all += weight
    fresh += (weight * images.filter(isNew).length) / images.length
  }
  return all === 0 ? 0 : fresh / all
}

export const isNew = (image: string): boolean => image.startsWith(NEW_IMAGE)

function imagesBehind({ endpointSlices, pods }: World, service: string): readonly string[] {
  const slices = [...endpointSlices.values()].filter(({ metadata }) => metadata.labels?.[SERVICE_NAME] === service)
  return slices.flatMap(({ endpoints = [] }) =>
    endpoints.flatMap(({ targetRef }) => {
      const pod = pods.get(targetRef?.name ?? '') as { readonly spec?: unknown } | undefined
      return pod ? [imageOf(pod.spec)] : []
    }),
  )
}

/** A preview is tried out before users reach it. */
export const isTriedOut = (world: World, preview: string | undefined): boolean =>
  preview !== undefined && imagesBehind(world, preview).some(isNew)
