/** Two worker processes that answer tasks. Which worker answers which task must not matter to the answer. */
import { fork } from 'node:child_process'
import { bundle } from './bundle.ts'

const WORKERS = 2

export type Reply<A> = { readonly answer: A } | { readonly failure: string }

/**
 * @param entry the worker's module, as a path from the root: it takes a task as a message and sends a {@link Reply}
 *
 * Answers come in the order in which they end. Rejects when a worker fails or dies.
 */
export async function runTasks<T, A>(
  entry: string,
  tasks: Iterable<T>,
  onAnswer: (answer: A, task: T) => void,
): Promise<void> {
  const file = await bundle(`import './${entry}'`)
  const rest = tasks[Symbol.iterator]()
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(file, { execArgv: [] })
      let current: T | undefined
      const give = (): void => {
        const next = rest.next()
        if (next.done) {
          child.disconnect()
          return
        }
        current = next.value
        child.send(current as never)
      }
      child.on('message', (reply: Reply<A>) => {
        if ('failure' in reply) {
          child.disconnect()
          reject(new Error(`${JSON.stringify(current)}: the simulator failed: ${reply.failure}`))
          return
        }
        onAnswer(reply.answer, current as T)
        give()
      })
      child.on('error', reject)
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with code ${code}`))))
      give()
    })
  await Promise.all(Array.from({ length: WORKERS }, work))
}

/** The worker's side. */
export function answerTasks<T, A>(answer: (task: T) => Promise<A>): void {
  process.on('message', (task: T) => {
    void answer(task).then(
      (value) => process.send?.({ answer: value } satisfies Reply<A>),
      (error: unknown) =>
        process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
}
