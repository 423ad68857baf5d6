/**
 * Values that are fetched from elsewhere and are good for a while: tokens, credentials. One fetch serves all who ask meanwhile; a failure is told
 * to them all and not kept. It must not fetch anything before it is asked.
 */
import type { Clock } from '../../controller/runtime/clock.ts'
import { TransportError } from '../../controller/runtime/http.ts'

export interface Expiring<Value> {
  readonly value: Value
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

export interface ExpiringCache<Value> {
  /** Rejects as `fetch` does, or with TransportError `cancelled` when the signal of this asker says so; the fetch goes on for the others. */
  get(key: string, fetch: () => Promise<Expiring<Value>>, signal: AbortSignal): Promise<Value>
  /** Drops the value if it is still this one. */
  drop(key: string, value: Value): void
}

export interface ExpiringCacheOptions {
  readonly clock: Clock
  /** A value is not given out any more so long before it expires. */
  readonly earlyMs: number
  /** Keys; the one that was fetched first goes. */
  readonly most: number
}

interface Entry<Value> {
  readonly pending: Promise<Expiring<Value>>
  fetched?: Expiring<Value>
}

export function createExpiringCache<Value>({ clock, earlyMs, most }: ExpiringCacheOptions): ExpiringCache<Value> {
  const entries = new Map<string, Entry<Value>>()

  function begin(key: string, fetch: () => Promise<Expiring<Value>>): Entry<Value> {
    const entry: Entry<Value> = { pending: fetch() }
    entries.delete(key)
    entries.set(key, entry)
    for (const oldest of entries.keys()) if (entries.size > most) entries.delete(oldest)
    entry.pending.then(
      (fetched) => {
        entry.fetched = fetched
      },
      () => {
        if (entries.get(key) === entry) entries.delete(key)
      },
    )
    return entry
  }

  return {
    async get(key, fetch, signal) {
      const known = entries.get(key)
      const isStale = known?.fetched !== undefined && known.fetched.expiresAt - earlyMs <= clock.now()
      const entry = known && !isStale ? known : begin(key, fetch)
      return (await untilCancelled(entry.pending, signal)).value
    },
    drop(key, value) {
      if (entries.get(key)?.fetched?.value === value) entries.delete(key)
    },
  }
}

function untilCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new TransportError('cancelled', 'the request was cancelled'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
