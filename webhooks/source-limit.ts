/**
 * How many posts one source may send: a bucket that refills steadily. It is generous to a sender that retries and only keeps a
 * runaway client from taking the process; refusals are 503, because Alertmanager gives up for good on a 429.
 */
export interface SourceLimit {
  /** False when `source` has spent its share at `nowMs` (monotonic milliseconds). */
  admits(source: string, nowMs: number): boolean
}

export interface SourceLimitOptions {
  readonly perSecond: number
  readonly burst: number
  /** Sources remembered at a time; the longest quiet one leaves first. */
  readonly mostSources: number
}

export function createSourceLimit(options: SourceLimitOptions): SourceLimit {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  return {
    admits(source, nowMs) {
      const former = buckets.get(source) ?? { tokens: options.burst, atMs: nowMs }
      const refilled = former.tokens + ((nowMs - former.atMs) / 1000) * options.perSecond
      const tokens = Math.min(options.burst, refilled)
      // Set anew so that the map's order is the order of last use.
      buckets.delete(source)
      buckets.set(source, { tokens: Math.max(0, tokens - 1), atMs: nowMs })
      const oldest = buckets.size > options.mostSources ? buckets.keys().next().value : undefined
      if (oldest !== undefined) buckets.delete(oldest)
      return tokens >= 1
    },
  }
}
