/** What every request handler is given: the store, the registry, time and ids, and the options of the write at hand. */
import type { ServerClock } from '../clock.ts'
import type { Registry } from '../registry.ts'
import type { Store } from '../store.ts'

export interface Core {
  readonly store: Store
  readonly registry: Registry
  readonly clock: ServerClock
  newUid(): string
  /** A random suffix for generateName, five characters. */
  newSuffix(): string
  readonly allocateIp: () => string
}

export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldManager: string
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore'
  readonly force: boolean
  /** Sentences for the client's Warning headers; handlers append. */
  readonly warnings: string[]
}
