/** Starts the made-up Prometheus as a process and speaks with it. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface FakePrometheus {
  readonly url: string
  /** Queries since the start. */
  queries(): Promise<number>
  close(): Promise<void>
}

export async function startFakePrometheus(): Promise<FakePrometheus> {
  const child = fork(fileURLToPath(new URL('prometheus-process.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  })
  const answer = async (): Promise<number> => {
    const [message] = (await once(child, 'message')) as readonly unknown[]
    return Number(message)
  }
  const port = await answer()
  return {
    url: `http://127.0.0.1:${port}`,
    queries() {
      const answered = answer()
      child.send('count')
      return answered
    },
    async close() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}
