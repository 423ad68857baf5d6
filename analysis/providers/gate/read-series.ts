/** The samples of one gate at one look, of all its queries: each is fetched once for all gates of the run that read the same series. */

import type { LoggedSeries } from '../../domain/gates/sample-log.ts'
import { createClassifier } from './classify.ts'
import type { GateReading } from './gate-reading.ts'
import { listPurposes, renderBoth } from './queries.ts'
import { createGateSamples, type FetchedSamples } from './samples-of-run.ts'
import type { WantedSamples } from './session.ts'

/** `les`: the only bounds of classic histograms that are wanted; undefined: all. */
export async function readSeries(reading: GateReading, les: readonly string[] | undefined): Promise<FetchedSamples> {
  const { plan, order, ask, since, memory, session } = reading
  const wanted = session.wanted([reading.address, plan, les], () => listWanted(reading, les))
  const all: LoggedSeries[] = []
  const fetched = await Promise.all(
    wanted.map(({ key, selector, classify }) =>
      memory
        .samples(order.run.uid, key, () => createGateSamples(selector, classify, memory.takeTurn))
        .read(since, order.now, ask),
    ),
  )
  for (const one of fetched) {
    if ('problem' in one) return one
    for (const series of one.log) all.push(series)
  }
  return { log: all }
}

/** Lets go of what was fetched before it was known which bounds are wanted. */
export function dropAllBounds({ memory, order, ...reading }: GateReading): void {
  for (const { key } of listWanted(reading, undefined)) memory.drop(order.run.uid, key)
}

function listWanted(
  { plan, address }: Pick<GateReading, 'plan' | 'address'>,
  les: readonly string[] | undefined,
): readonly WantedSamples[] {
  return listPurposes(plan).map((purpose) => {
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
    return { key, selector, classify: createClassifier(plan, purpose, matched) }
  })
}
