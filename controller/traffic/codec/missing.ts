/** The reading of an object that is not there, in the same words for every router. */
import type { TrafficReading } from '../../api/traffic.ts'

/** @param label such as `HTTPRoute "web/shop"` @param field where the configuration names it */
export const missing = (label: string, field: string): TrafficReading => ({
  programmedCanary: undefined,
  confirmation: 'unknown',
  drivable: false,
  isGone: true,
  problem: `${label} not found: create it or correct ${field}`,
})
