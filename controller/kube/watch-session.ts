/** The life of one watch as its owner sees it: how it ends, once, and when its silence has lasted too long. It reads no events. */
import type { Clock } from '../runtime/clock.ts'

/** silent: nothing arrived for too long · requested: its owner wants a list · closed: the stream or the owner ended */
export type SessionEnd = 'silent' | 'requested' | 'closed'

export interface WatchSession {
  readonly signal: AbortSignal
  readonly ended: Promise<SessionEnd>
  cause(): SessionEnd | undefined
  end(cause: SessionEnd): void
  /** Something arrived: the silence starts anew. */
  touch(): void
}

/** The life of one watch: ended by the stop signal, by request, or by silence. */
export function openSession(clock: Clock, stop: AbortSignal, silenceMs: number): WatchSession {
  const controller = new AbortController()
  let cause: SessionEnd | undefined
  let cancelTimer = (): void => {}
  let resolveEnded: (cause: SessionEnd) => void = () => {}
  const ended = new Promise<SessionEnd>((resolve) => {
    resolveEnded = resolve
  })
  const end: WatchSession['end'] = (why) => {
    if (cause) return
    cause = why
    cancelTimer()
    stop.removeEventListener('abort', onStop)
    controller.abort()
    resolveEnded(why)
  }
  const onStop = (): void => end('closed')
  const touch = (): void => {
    cancelTimer()
    if (!cause) cancelTimer = clock.setTimer(silenceMs, () => end('silent'))
  }
  stop.addEventListener('abort', onStop, { once: true })
  if (stop.aborted) end('closed')
  touch()
  return { signal: controller.signal, ended, cause: () => cause, end, touch }
}
