/**
 * What is on record of others who change what the routers were told, as an annotation of the Rollout: it survives us, and is gone once all is
 * quiet. An unreadable record is none. It judges nothing.
 */
import { z } from 'zod'
import { REVERSALS } from '../../api/labels.ts'
import { formatInstant, parseInstant } from '../../api/scalars.ts'
import type { Action, Part } from '../plan.ts'
import type { World } from '../world.ts'

export interface Reversals {
  /** What we want there, as a digest: a correction is a repeated write of the same. */
  readonly intent: string
  /** Epoch milliseconds, oldest first; of the last minute. */
  readonly at: readonly number[]
  /** Who it was, and where, in words. */
  readonly who: string
  /** Set while corrections are held back: until when, and for how long this time. */
  readonly heldUntilMs?: number
  readonly heldSeconds?: number
}

const recordSchema = z.object({
  intent: z.string(),
  at: z.array(z.string()).min(1).max(100),
  who: z.string(),
  heldUntil: z.string().optional(),
  heldSeconds: z.number().positive().optional(),
})

export function readReversals({ rollout }: World): Reversals | undefined {
  const parsed = recordSchema.safeParse(parseJson(rollout.metadata.annotations?.[REVERSALS]))
  if (!parsed.success) return undefined
  const { intent, who, heldUntil, heldSeconds } = parsed.data
  const at = parsed.data.at.flatMap((text) => parseInstant(text) ?? [])
  const heldUntilMs = parseInstant(heldUntil)
  return {
    intent,
    who,
    at,
    ...(heldUntilMs === undefined || heldSeconds === undefined ? {} : { heldUntilMs, heldSeconds }),
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return undefined
  }
}

/** @param after the write that it tells of: what was not made is not on record */
export const recordReversals = (record: Reversals, after?: Action): Part => ({
  actions: [{ do: 'annotateRollout', annotations: { [REVERSALS]: render(record) }, ...(after ? { after } : {}) }],
})

export const forgetReversals: Part = {
  actions: [{ do: 'annotateRollout', annotations: { [REVERSALS]: null } }],
}

const render = ({ at, heldUntilMs, heldSeconds, ...rest }: Reversals): string =>
  JSON.stringify({
    ...rest,
    at: at.map(formatInstant),
    // A part of a second more: the time that is read back is never too early.
    ...(heldUntilMs === undefined ? {} : { heldUntil: formatInstant(heldUntilMs + 999), heldSeconds }),
  })
