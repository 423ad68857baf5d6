/**
 * What the gates keep of a run between two looks: samples that were fetched, what its history taught, and how far its judges are. All of it can be had
 * again, so it is bounded in entries and bytes: what was used least lately goes first, and everything of a run goes with the run.
 */
import type { GateSamples } from './samples-of-run.ts'
import { createGateSession, type GateSession } from './session.ts'
import { createTurns, type TakeTurn } from './turns.ts'

export interface GateMemory {
  /** Under a key of the run's own; made when it is not there. */
  samples(runUid: string, key: string, make: () => GateSamples): GateSamples
  /** Lets go of samples that are not wanted any more. */
  drop(runUid: string, key: string): void
  /** Of one gate; `key` begins with the run's uid and a line break. */
  session(key: string): GateSession
  /** What history taught; `key` begins with the run's uid and a line break. */
  recall(key: string): string | undefined
  remember(key: string, knowledge: string): void
  /** Reading hours of samples is heavy: false while others do it, to be asked again later. Who was let in calls `leave`. */
  enter(): boolean
  readonly isFull: boolean
  leave(): void
  /** For whoever reads all samples of a release. */
  readonly takeTurn: TakeTurn
  forget(runUid: string): void
  /** For tests and benchmarks. */
  readonly size: { readonly entries: number; readonly bytes: number }
}

export interface GateMemoryBounds {
  readonly mostEntries: number
  readonly mostBytes: number
}

interface Entry {
  readonly samples: GateSamples
  /** As of its last use. */
  readonly bytes: number
}

/** As many gates as two runs have: each holds an answer or two in memory, and what is done with them has a turn of its own (`pacer.ts`). */
const MOST_READERS = 6

const DEFAULT_BOUNDS: GateMemoryBounds = { mostEntries: 6000, mostBytes: 160 * 1024 * 1024 }

export function createGateMemory(bounds: GateMemoryBounds = DEFAULT_BOUNDS): GateMemory {
  // In the order of their last use.
  const entries = new Map<string, Entry>()
  const learnt = new Map<string, string>()
  const sessions = new Map<string, GateSession>()
  let readers = 0
  let bytes = 0

  function drop(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0
    entries.delete(key)
  }

  function shrink(keep: string): void {
    for (const key of entries.keys()) {
      if (entries.size <= bounds.mostEntries && bytes <= bounds.mostBytes) return
      if (key !== keep) drop(key)
    }
  }

  return {
    samples(runUid, key, make) {
      const full = `${runUid}\n${key}`
      const samples = entries.get(full)?.samples ?? make()
      drop(full)
      const entry = { samples, bytes: samples.bytes() }
      entries.set(full, entry)
      bytes += entry.bytes
      shrink(full)
      return samples
    },
    drop: (runUid, key) => drop(`${runUid}\n${key}`),
    session(key) {
      const session = sessions.get(key) ?? createGateSession()
      sessions.delete(key)
      sessions.set(key, session)
      const [oldest] = sessions.keys()
      if (sessions.size > bounds.mostEntries && oldest !== undefined) sessions.delete(oldest)
      return session
    },
    recall: (key) => learnt.get(key),
    remember(key, knowledge) {
      learnt.set(key, knowledge)
      const [oldest] = learnt.keys()
      if (learnt.size > bounds.mostEntries && oldest !== undefined) learnt.delete(oldest)
    },
    enter() {
      if (readers >= MOST_READERS) return false
      readers += 1
      return true
    },
    get isFull() {
      return readers >= MOST_READERS
    },
    leave() {
      readers -= 1
    },
    takeTurn: createTurns(MOST_READERS),
    forget(runUid) {
      for (const [kept, letGo] of [
        [entries, drop],
        [learnt, (key: string) => learnt.delete(key)],
        [sessions, (key: string) => sessions.delete(key)],
      ] as const)
        for (const key of kept.keys()) if (key.startsWith(`${runUid}\n`)) letGo(key)
    },
    get size() {
      return { entries: entries.size, bytes }
    },
  }
}
