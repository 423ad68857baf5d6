/**
 * Routers whose object can follow one Rollout alone: a key of a ConfigMap has one weight, whoever writes it. Of several Rollouts that configure the
 * same one the oldest has it; to the others it is a problem in words, so that nothing flips. Objects that several share rule by rule are not judged
 * here: their codecs and the marks on Services are.
 */
import type { Rollout } from '../api/rollout.ts'
import { routerField } from '../api/router-capabilities.ts'
import { findRouter } from '../traffic/registry.ts'
import type { ConfiguredRouter } from './routers.ts'

/** @param others Rollouts of the namespace; asked for only where it matters */
export const withoutTaken = (
  configured: readonly ConfiguredRouter[],
  rollout: Rollout,
  others: () => readonly Rollout[],
): readonly ConfiguredRouter[] =>
  configured.map((one) => {
    const names = namesOf(rollout, one.id)
    const taken = names.length > 0 && !('problem' in one.router) ? findTaken(names, rollout, others()) : undefined
    return taken === undefined ? one : { id: one.id, router: { problem: `${taken} in ${fieldOf(one.id)}` } }
  })

const fieldOf = (id: string): string => `trafficRouting.${routerField(id)}`

function findTaken(names: readonly string[], rollout: Rollout, others: readonly Rollout[]): string | undefined {
  for (const other of [...others].filter((one) => isEarlier(one, rollout)).sort(byAge)) {
    const name = everyNameOf(other).find((one) => names.includes(one))
    if (name !== undefined)
      return `${name} follows Rollout "${other.metadata.name}", which was there first: name another one`
  }
  return undefined
}

const byAge = (a: Rollout, b: Rollout): number => (isEarlier(a, b) ? -1 : 1)

/** As the API server tells their creation, then by name. */
function isEarlier({ metadata: a }: Rollout, { metadata: b }: Rollout): boolean {
  const [before, after] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  return before === after ? a.name < b.name : before < after
}

const everyNameOf = (rollout: Rollout): readonly string[] =>
  Object.keys(rollout.spec?.strategy?.canary?.trafficRouting?.plugins ?? {}).flatMap((id) => namesOf(rollout, id))

/** What the Rollout's configuration of one plugin wants for itself. */
const namesOf = (rollout: Rollout, id: string): readonly string[] =>
  findRouter(id)?.takes?.(rollout.spec?.strategy?.canary?.trafficRouting?.plugins?.[id]) ?? []
