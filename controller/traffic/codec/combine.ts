/** Several objects of one router as one reading. It reads no object itself. */
import type { PresentRoute, TrafficReading } from '../../api/traffic.ts'

/**
 * Several objects count as one: the same on all that can be written or nothing, the slowest confirmation, the first problem. One that is
 * missing leaves the others to be driven (an abort must reach them); whether its traffic has ended is unknown.
 */
export function combine(readings: readonly TrafficReading[]): TrafficReading {
  const drivable = readings.filter((reading) => reading.drivable)
  const [first] = drivable
  const weights = ({ programmedCanary, additional }: TrafficReading) => JSON.stringify([programmedCanary, additional])
  const agree = first !== undefined && drivable.every((reading) => weights(reading) === weights(first))
  const slowest = (['pending', 'unknown', 'confirmed'] as const).find((state) =>
    readings.some(({ confirmation }) => confirmation === state),
  )
  const problem = readings.find((reading) => reading.problem !== undefined)?.problem
  const managedRoutes = combineManaged(drivable)
  const albs = readings.flatMap((reading) => reading.albs ?? [])
  return {
    programmedCanary: agree ? first.programmedCanary : undefined,
    ...(agree && first.additional ? { additional: first.additional } : {}),
    ...(managedRoutes ? { managedRoutes } : {}),
    confirmation: slowest ?? 'unknown',
    ...(drivable.some(({ marksFit }) => marksFit === false) ? { marksFit: false } : {}),
    ...(readings.some(({ isUntidy }) => isUntidy) ? { isUntidy: true } : {}),
    drivable: drivable.length > 0,
    ...(readings.every(({ isGone }) => isGone) ? { isGone: true } : {}),
    ...(problem === undefined ? {} : { problem }),
    ...(albs.length > 0 ? { albs } : {}),
  }
}

/** Intact when every route that takes managed ones has it alike. */
function combineManaged(drivable: readonly TrafficReading[]): readonly PresentRoute[] | undefined {
  const lists = drivable.flatMap(({ managedRoutes }) => (managedRoutes ? [managedRoutes] : []))
  const [first] = lists
  if (!first) return undefined
  if (lists.every((list) => JSON.stringify(list) === JSON.stringify(first))) return first
  const byName = new Map(lists.flat().map(({ route }) => [route.name, route] as const))
  return [...byName.values()].map((route) => ({ route, intact: false }))
}
