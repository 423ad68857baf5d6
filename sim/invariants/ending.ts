/** What must be true when faults have ended: S19, S23, L1. They look at a stretch of the run, not at one change. */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { WriteCause } from './cause.ts'

/** What was seen since the rollout came to rest. */
export interface Rest {
  readonly writes: readonly WriteCause[]
  readonly former: Rollout | undefined
  readonly now: Rollout | undefined
}

export interface EndingInvariant {
  readonly id: string
  readonly words: string
  readonly check: (rest: Rest) => string | undefined
}

/** Messages are delivered when their sink lets them; that is no decision about the rollout. */
const isQuietWrite = ({ plural, body }: WriteCause): boolean =>
  plural === 'leases' || plural === 'events' || JSON.stringify(body ?? '').includes('penstock.dev/outbox')

export const S19: EndingInvariant = {
  id: 'S19',
  words: 'A rollout at rest is left alone: no write, not even after a restart of the controller.',
  check({ writes }) {
    const first = writes.find((write) => !isQuietWrite(write))
    return (
      first && `${first.verb} ${first.plural}/${first.name} though nothing had changed: ${JSON.stringify(first.body)}`
    )
  },
}

export const S23: EndingInvariant = {
  id: 'S23',
  words: 'Paused, Degraded by abort and Healthy stay what they are while nobody does anything, restarts included.',
  check({ former, now }) {
    const [from, to] = [former?.status?.phase, now?.status?.phase]
    return from === to ? undefined : `from ${from} to ${to}: ${now?.status?.message ?? ''}`
  },
}

const RESTING: readonly (string | undefined)[] = ['Healthy', 'Degraded', 'Paused']

/** Whether a rollout has reached where it may stay. */
export const isAtRest = (rollout: Rollout | undefined): boolean =>
  RESTING.includes(rollout?.status?.phase) &&
  String(rollout?.status?.observedGeneration) === String(rollout?.metadata.generation)

export const L1: EndingInvariant = {
  id: 'L1',
  words: 'When faults have ended every rollout reaches Healthy, Paused or Degraded in bounded time.',
  check: ({ now }) =>
    isAtRest(now) ? undefined : `did not converge: ${now?.status?.phase ?? 'no phase'}: ${now?.status?.message ?? ''}`,
}
