/**
 * A KubeClient whose lists and watches are played by the test: every list and every watch that is opened waits for the script.
 * For faults of the stream itself; for a store that behaves, use `memory-kube.ts`.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { KubeClient, KubeList, ListOptions, WatchEvent, WatchOptions } from '../../controller/kube/client.ts'
import { KubeError } from '../../controller/kube/client.ts'

export interface ScriptedWatch {
  readonly options: WatchOptions
  /** Delivers one event. */
  emit(event: WatchEvent): void
  /** Ends the stream as the server does at its timeout. */
  close(): void
  fail(error: unknown): void
  isAborted(): boolean
}

export interface ScriptedKube {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly lists: ListOptions[]
  readonly watches: ScriptedWatch[]
  /** Answers of the next lists, in order; the last one repeats. */
  answerLists(...answers: readonly (KubeList | Error)[]): void
  /** Called on each opened watch. */
  onWatch(act: (watch: ScriptedWatch) => void): void
  lastWatch(): ScriptedWatch
}

export const kubeFailure = (code: number, reason = '', retryAfterSeconds?: number): KubeError =>
  new KubeError(
    { code, reason, ...(retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } }) },
    'scripted',
  )

export const listOf = (resourceVersion: string, ...items: readonly KubeObject[]): KubeList => ({
  metadata: { resourceVersion },
  items,
})

/** `ignoresAbort` plays a half-open connection: the stream stays silent even after the caller has aborted it. */
export function createScriptedKube(options: { readonly ignoresAbort?: boolean } = {}): ScriptedKube {
  const lists: ListOptions[] = []
  const watches: ScriptedWatch[] = []
  let answers: (KubeList | Error)[] = [listOf('1')]
  let act: (watch: ScriptedWatch) => void = () => {}

  async function* play(watchOptions: WatchOptions): AsyncGenerator<WatchEvent> {
    const queue: (WatchEvent | { readonly end: true } | { readonly error: unknown })[] = []
    let wake = (): void => {}
    const push = (entry: (typeof queue)[number]): void => {
      queue.push(entry)
      wake()
    }
    if (!options.ignoresAbort) watchOptions.signal.addEventListener('abort', () => push({ end: true }), { once: true })
    const watch: ScriptedWatch = {
      options: watchOptions,
      emit: push,
      close: () => push({ end: true }),
      fail: (error) => push({ error }),
      isAborted: () => watchOptions.signal.aborted,
    }
    watches.push(watch)
    act(watch)
    for (;;) {
      const entry = queue.shift()
      if (!entry) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      } else if ('end' in entry) return
      else if ('error' in entry) throw entry.error
      else yield entry
    }
  }

  return {
    client: {
      async list<T extends KubeObject>(_kind: unknown, listOptions: ListOptions = {}): Promise<KubeList<T>> {
        lists.push(listOptions)
        const answer = answers.length > 1 ? answers.shift() : answers[0]
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no list scripted')
        return structuredClone(answer) as KubeList<T>
      },
      watch<T extends KubeObject>(_kind: unknown, watchOptions: WatchOptions): AsyncIterable<WatchEvent<T>> {
        return play(watchOptions) as AsyncIterable<WatchEvent<T>>
      },
    },
    lists,
    watches,
    answerLists(...next) {
      answers = [...next]
    },
    onWatch(next) {
      act = next
    },
    lastWatch() {
      const last = watches.at(-1)
      if (!last) throw new Error('no watch has been opened')
      return last
    },
  }
}
