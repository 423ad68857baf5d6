/**
 * Deals pods into groups that stay: a pod keeps its group for as long as it is known, a new one joins the group with the fewest pods just then.
 * Deterministic by the pods' names and the order of ticks.
 */
import type { PodCount } from './ticks.ts'

const UNKNOWN = -1

export interface PodGroups {
  /** The group of each of these pods, in their order. */
  readonly deal: (pods: readonly PodCount[]) => readonly number[]
}

export function createPodGroups(groups: number): PodGroups {
  const groupOf = new Map<string, number>()

  function deal(pods: readonly PodCount[]): readonly number[] {
    let dealt = look(pods)
    if (dealt.includes(UNKNOWN)) {
      join(pods)
      dealt = look(pods)
    }
    return dealt
  }

  function look(pods: readonly PodCount[]): readonly number[] {
    return pods.map(({ pod }) => groupOf.get(pod) ?? UNKNOWN)
  }

  function join(pods: readonly PodCount[]): void {
    const sizes = Array.from({ length: groups }, () => 0)
    const fresh: string[] = []
    for (const { pod } of pods) {
      const group = groupOf.get(pod)
      if (group === undefined) fresh.push(pod)
      else sizes[group] = (sizes[group] ?? 0) + 1
    }
    const ordered = fresh
      .map((pod) => ({ pod, hash: hashOf(pod) }))
      .toSorted((a, b) => a.hash - b.hash || (a.pod < b.pod ? -1 : 1))
    for (const { pod } of ordered) {
      const smallest = sizes.indexOf(Math.min(...sizes))
      groupOf.set(pod, smallest)
      sizes[smallest] = (sizes[smallest] ?? 0) + 1
    }
  }

  return { deal }
}

/** FNV-1a, 32 bits: pods of one ReplicaSet differ in their last letters only, and are to be dealt at random all the same. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
