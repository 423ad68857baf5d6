/**
 * Remembers when which revision answered, so that the story can say which weights users really saw and when the last canary answer
 * left. Bounded; the oldest answers are forgotten. Revisions are pod-template hashes as the pods report them.
 */
export interface ResponseLog {
  record(hash: string, atMs: number): void
  /** Answers per revision between two times, both epoch milliseconds. */
  count(fromMs: number, toMs: number): ReadonlyMap<string, number>
  /**
   * Time of the last answer of `hash` from `fromMs` on that was followed by a whole second without one; `fromMs` itself when there was
   * none at all. Undefined while that second is not over.
   */
  quietSince(hash: string, fromMs: number, nowMs: number): number | undefined
}

interface Answer {
  readonly hash: string
  readonly atMs: number
}

const QUIET_MS = 1_000

export function createResponseLog(limit = 200_000): ResponseLog {
  let answers: Answer[] = []
  const since = (fromMs: number): readonly Answer[] => {
    // Newest first, because readers ask about the last seconds of a long log.
    let first = answers.length
    while (first > 0 && (answers[first - 1]?.atMs ?? 0) >= fromMs) first -= 1
    return answers.slice(first)
  }
  return {
    record(hash, atMs) {
      answers.push({ hash, atMs })
      if (answers.length > limit) answers = answers.slice(-Math.floor(limit / 2))
    },
    count(fromMs, toMs) {
      const counts = new Map<string, number>()
      for (const { hash, atMs } of since(fromMs)) {
        if (atMs < toMs) counts.set(hash, (counts.get(hash) ?? 0) + 1)
      }
      return counts
    },
    quietSince(hash, fromMs, nowMs) {
      let last = fromMs
      for (const answer of since(fromMs)) {
        if (answer.hash !== hash) continue
        if (answer.atMs - last >= QUIET_MS) return last
        last = answer.atMs
      }
      return nowMs - last >= QUIET_MS ? last : undefined
    },
  }
}
