/**
 * One key that is followed: read again and again by blocking queries, and written by check-and-set. Reads and writes of it never overlap, so that an
 * old answer cannot replace a new one. It interprets no value.
 *
 *   answer                                   | reading          next read
 *   the key, or that there is none           | known            from the answer's index
 *   an index that went back (restore, new    | known            from nothing, as Consul's documentation asks
 *   servers), or none
 *   an error                                 | unknown, why     from nothing, after a growing pause
 */
import { KubeError, noAnswerReasons, type ObjectRef } from '../../kube/client.ts'
import { describeRef } from '../../kube/kinds.ts'
import { createBackoff } from '../../runtime/backoff.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Random } from '../../runtime/random.ts'
import type { ConsulKey } from '../../traffic/consul-kv/key.ts'
import { applyOutsideWrite, type OutsideReading, type OutsideWriteOptions } from '../../traffic/outside.ts'
import type { RouterWrite } from '../../traffic/router.ts'
import type { KeyAnswer, KvApi } from './kv-api.ts'
import { LONGEST_VALUE_BYTES, renderValue } from './kv-value.ts'

export interface FollowedKey {
  read(): OutsideReading
  write(write: RouterWrite, options?: OutsideWriteOptions): Promise<void>
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

export interface FollowPorts {
  readonly api: KvApi
  readonly clock: Clock
  readonly random: Random
  /** After each change of the reading. */
  tell(): void
}

/** A key that changes all the time is read at most ten times a second. */
const PACE_MS = 100
/** Without an index there is nothing to block on. */
const POLL_MS = 1_000
const RETRY = { firstMs: 250, maxMs: 10_000 } as const

export function followKey(ref: ObjectRef, { api, clock, random, tell }: FollowPorts): FollowedKey {
  const ended = new AbortController()
  const backoff = createBackoff({ random, ...RETRY })
  let reading: OutsideReading = { known: false, why: 'it has not been read yet' }
  let index: number | undefined
  /** Ends the read that is open, or the pause before the next one. */
  let interruption = new AbortController()
  let writing: Promise<void> = Promise.resolve()

  function set(next: OutsideReading): void {
    const isSame = JSON.stringify(next) === JSON.stringify(reading)
    reading = next
    if (!isSame && !ended.signal.aborted) tell()
  }

  function take({ object, index: answered }: KeyAnswer): number {
    backoff.reset()
    const wentBack = index !== undefined && answered !== undefined && answered < index
    index = wentBack ? undefined : answered
    set({ known: true, object })
    return answered === undefined ? POLL_MS : PACE_MS
  }

  function fail(error: unknown): number {
    index = undefined
    set({ known: false, why: wordsOf(error) })
    return backoff.nextDelayMs()
  }

  /** Resolves while no write is under way: another may have come during the last. */
  async function quiet(): Promise<void> {
    for (let last = writing; ; last = writing) {
      await last
      if (last === writing) return
    }
  }

  async function watch(): Promise<void> {
    while (!ended.signal.aborted) {
      await quiet()
      const { signal } = interruption
      const outcome = await api.read(ref, index, signal).then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      )
      if (signal.aborted) continue
      await clock.sleep('answer' in outcome ? take(outcome.answer) : fail(outcome.error), signal)
    }
  }

  /** What was written, or found in its place. */
  async function readBack(): Promise<void> {
    await api.read(ref).then(take, fail)
  }

  async function perform(write: RouterWrite, { isPermitted }: OutsideWriteOptions): Promise<void> {
    const before = reading
    const send = prepare(ref, write, before, api)
    if (isPermitted?.() === false) throw noAnswer(ref, noAnswerReasons.notLeader, 'this process may not write now')
    reading = { known: false, why: 'a write is under way' }
    const restore = (): void => {
      reading = before
    }
    try {
      if (await send()) return await readBack()
    } catch (error) {
      if (isUnsent(error)) restore()
      else await readBack()
      throw error
    }
    await readBack()
    const reason = write.do === 'create' ? 'AlreadyExists' : 'Conflict'
    throw new KubeError(
      { code: 409, reason, message: 'somebody else has written it' },
      `${write.do} ${describeRef(ref)}`,
    )
  }

  const running = watch()
  return {
    read: () => reading,
    write(write, options = {}) {
      const done = writing.then(async () => {
        if (ended.signal.aborted) throw noAnswer(ref, noAnswerReasons.notSent, 'it is followed no more')
        await perform(write, options)
      })
      writing = done.catch(() => {})
      interruption.abort()
      interruption = new AbortController()
      return done
    },
    async stop() {
      ended.abort()
      interruption.abort()
      await Promise.all([running, quiet()])
    },
  }
}

/** The request, ready to be sent. Throws 409 when the write was rendered for another object than the one that is known. */
function prepare(ref: ObjectRef, write: RouterWrite, reading: OutsideReading, api: KvApi): () => Promise<boolean> {
  if (!reading.known) throw noAnswer(ref, noAnswerReasons.notSent, reading.why)
  const current: ConsulKey | undefined = reading.object
  const next: ConsulKey | undefined = applyOutsideWrite(current, write)
  const cas = current?.metadata.resourceVersion ?? '0'
  if (!next) return () => api.delete(ref, cas)
  const body = renderValue(next)
  if (Buffer.byteLength(body) > LONGEST_VALUE_BYTES)
    throw new KubeError(
      { code: 413, message: `it would hold more than ${LONGEST_VALUE_BYTES} bytes` },
      describeRef(ref),
    )
  return () => api.put(ref, body, { cas, ...(current?.flags === undefined ? {} : { flags: current.flags }) })
}

const isUnsent = (error: unknown): boolean =>
  error instanceof KubeError && error.code === 0 && error.reason === noAnswerReasons.notSent

const noAnswer = (ref: ObjectRef, reason: string, message: string): KubeError =>
  new KubeError({ code: 0, reason, message }, describeRef(ref))

/** Without the request's own words in front, which name the key once more. */
const wordsOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  return error instanceof KubeError ? message.replace(/^[A-Z]+ \S+ \S+: /, '') : message
}
