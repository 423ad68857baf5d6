/**
 * A client whose watch of some kinds lags: each event is shown only when so many later ones of its kind have come, or after a while. Reads and
 * writes are live; so the caches are older than the world, and older than the controller's own writes.
 */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { KubeClient, ResourceKind, WatchEvent } from '../../../controller/kube/client.ts'
import { kindId } from '../../../controller/kube/kinds.ts'
import type { Clock } from '../../../controller/runtime/clock.ts'

export interface Lateness {
  readonly kinds: readonly ResourceKind[]
  readonly events: number
}

/** The last events of a story would never be shown otherwise. */
const LATEST_MS = 3_000

export const withLateWatch = (client: KubeClient, late: Lateness | undefined, clock: Clock): KubeClient => ({
  ...client,
  watch(kind, options) {
    const events = client.watch<never>(kind, options)
    const isLate = late?.kinds.some((one) => kindId(one) === kindId(kind))
    return late && isLate ? delay(events, late.events, clock) : events
  },
})

async function* delay<T extends KubeObject>(
  source: AsyncIterable<WatchEvent<T>>,
  lag: number,
  clock: Clock,
): AsyncGenerator<WatchEvent<T>> {
  const waiting: { readonly event: WatchEvent<T>; readonly dueMs: number }[] = []
  let wake = (): void => {}
  let ended = false
  const read = async (): Promise<void> => {
    try {
      for await (const event of source) {
        waiting.push({ event, dueMs: clock.monotonicMs() + LATEST_MS })
        wake()
      }
    } finally {
      ended = true
      wake()
    }
  }
  const reading = read()
  while (!ended) {
    const [first] = waiting
    if (first && (waiting.length > lag || clock.monotonicMs() >= first.dueMs)) {
      waiting.shift()
      yield first.event
      continue
    }
    await new Promise<void>((resolve) => {
      const cancel = first ? clock.setTimer(first.dueMs - clock.monotonicMs(), resolve) : () => {}
      wake = () => {
        cancel()
        resolve()
      }
    })
  }
  await reading
}
