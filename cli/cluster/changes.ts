/**
 * Tells when a rollout may have changed: at once when its watch says so, and at least every `everyMs` because pods and analysis runs
 * change without it. A watch that cannot be opened costs promptness, not correctness. It reads only.
 */

import type { Rollout } from '../../controller/api/rollout.ts'
import { rollouts } from '../../controller/kube/kinds.ts'
import type { CliDeps, Connection } from '../deps.ts'

export interface ChangeWatch {
  /** Resolves at the next change, after `everyMs`, or when the signal ends it. */
  next(everyMs: number): Promise<void>
  stop(): void
}

const WATCH_SECONDS = 300
const PAUSE_AFTER_FAILURE_MS = 1_000

export function watchRollout(
  connection: Connection,
  rollout: Rollout,
  deps: Pick<CliDeps, 'clock' | 'signal'>,
): ChangeWatch {
  const stopper = new AbortController()
  const signal = AbortSignal.any([deps.signal, stopper.signal])
  let wake: (() => void) | undefined
  let changed = false
  const announce = (): void => {
    changed = true
    wake?.()
  }
  void follow(connection, rollout, signal, deps, announce)
  return {
    async next(everyMs) {
      if (!changed && !signal.aborted) {
        const waiting = new AbortController()
        wake = () => waiting.abort()
        await deps.clock.sleep(everyMs, AbortSignal.any([signal, waiting.signal]))
        wake = undefined
      }
      changed = false
    },
    stop: () => stopper.abort(),
  }
}

async function follow(
  connection: Connection,
  rollout: Rollout,
  signal: AbortSignal,
  deps: Pick<CliDeps, 'clock'>,
  announce: () => void,
): Promise<void> {
  const { name, namespace, resourceVersion } = rollout.metadata
  let since = resourceVersion ?? ''
  while (!signal.aborted) {
    try {
      const events = connection.client.watch<Rollout>(rollouts, {
        ...(namespace === undefined ? {} : { namespace }),
        fieldSelector: `metadata.name=${name}`,
        resourceVersion: since,
        timeoutSeconds: WATCH_SECONDS,
        signal,
      })
      for await (const event of events) {
        if (event.type === 'ERROR') break
        since = event.object.metadata.resourceVersion ?? since
        if (event.type !== 'BOOKMARK') announce()
      }
    } catch {
      since = ''
    }
    await deps.clock.sleep(PAUSE_AFTER_FAILURE_MS, signal)
  }
}
