/** The samples of one gate at one look, of all its queries: each is fetched once for all gates of the run that read the same series. */
import type { GateSeries } from '../../domain/gates/samples.ts'
import { createClassifier, type Purpose } from './classify.ts'
import type { GateReading } from './gate-reading.ts'
import { listPurposes, renderBoth } from './queries.ts'
import { createGateSamples, type FetchedSamples, type GateSamples } from './samples-of-run.ts'

/** `les`: the only bounds of classic histograms that are wanted; undefined: all. */
export async function readSeries(reading: GateReading, les: readonly string[] | undefined): Promise<FetchedSamples> {
  const { plan, order, ask, since } = reading
  const all: GateSeries[] = []
  const fetched = await Promise.all(
    listPurposes(plan).map((purpose) => samplesOf(reading, purpose, les).read(since, order.now, ask)),
  )
  for (const one of fetched) {
    if ('problem' in one) return one
    all.push(...one.series)
  }
  return { series: all }
}

/** Whatever makes two gates read or understand the same samples differently is part of the key. */
function samplesOf(
  { plan, order, memory, address }: GateReading,
  purpose: Purpose,
  les: readonly string[] | undefined,
): GateSamples {
  const { selector } = renderBoth(plan, purpose, purpose === 'buckets' ? les : undefined)
  const { version, podLabel, counts, codeLabel, failedCodes, failed, unitSeconds } = plan
  const key = JSON.stringify([
    address,
    selector,
    version,
    podLabel,
    counts,
    codeLabel,
    failedCodes,
    failed,
    unitSeconds,
  ])
  const matched = plan.matchers.map(({ label }) => label)
  return memory.samples(order.run.uid, key, () => createGateSamples(selector, createClassifier(plan, purpose, matched)))
}
