/**
 * The weights in a ServiceSplitter. Consul knows percentages in steps of a hundredth; weights of another total are written as the nearest one, and
 * each stands for one weight only, so that what is written can be read back.
 */
import type { TrafficIntent } from '../../api/traffic.ts'
import { pointer } from '../codec/patch.ts'
import { findPair, type WeightedPair } from '../codec/weighted-pair.ts'
import type { JsonPatchOperation } from '../router.ts'
import type { ServiceSplitter, Split } from './objects.ts'

export interface SubsetNames {
  readonly serviceName: string
  readonly stableSubsetName: string
  readonly canarySubsetName: string
}

const HUNDREDTHS = 10_000

/** Beyond it two weights would be the same percentage. */
export const isTotalWritable = (maxWeight: number): boolean => maxWeight <= HUNDREDTHS

/** Undefined unless there are two splits, one for each subset of the service. */
export function findSplits({ spec }: ServiceSplitter, names: SubsetNames): WeightedPair | undefined {
  const pair = findPair<Split>(['spec', 'splits'], spec?.splits, ({ service, serviceSubset }) => {
    if (service && service !== names.serviceName) return undefined
    if (serviceSubset === names.stableSubsetName) return 'stable'
    return serviceSubset === names.canarySubsetName ? 'canary' : undefined
  })
  return pair?.entries.length === 2 ? pair : undefined
}

const hundredthsOf = (weight: number, maxWeight: number): number => Math.round((weight * HUNDREDTHS) / maxWeight)

/** The canary's weight, or undefined unless the two add up to 100 percent and stand for a weight. */
export function readSplits({ entries, stable, canary }: WeightedPair, maxWeight: number): number | undefined {
  const [ofStable, ofCanary] = [entries[stable], entries[canary]].map(parseHundredths)
  if (ofStable === undefined || ofCanary === undefined || ofStable + ofCanary !== HUNDREDTHS) return undefined
  const weight = Math.round((ofCanary * maxWeight) / HUNDREDTHS)
  return hundredthsOf(weight, maxWeight) === ofCanary ? weight : undefined
}

/** Only what Consul's float32 would keep in hundredths of a percent; its own programs leave zero out. */
function parseHundredths(split: { readonly weight?: unknown } | undefined): number | undefined {
  const weight = split?.weight ?? 0
  if (typeof weight !== 'number' || weight < 0 || weight > 100) return undefined
  const hundredths = Math.round(weight * 100)
  return Math.abs(weight * 100 - hundredths) < 0.01 ? hundredths : undefined
}

export function renderSplits(
  { path, entries, stable, canary }: WeightedPair,
  intent: Pick<TrafficIntent, 'canary'>,
  maxWeight: number,
): JsonPatchOperation[] {
  const ofCanary = hundredthsOf(intent.canary, maxWeight)
  const wanted = [[stable, HUNDREDTHS - ofCanary] as const, [canary, ofCanary] as const]
  return wanted.flatMap(([at, hundredths]) => {
    const value = hundredths / 100
    return entries[at]?.weight === value ? [] : [{ op: 'add', path: pointer(...path, at, 'weight'), value }]
  })
}
