/** Questions to a running HAProxy through the socket of its master process, one connection each. It knows commands, not what they are for. */
import { connect } from 'node:net'

const ANSWER_TIMEOUT_MS = 2_000

export interface Workers {
  readonly current: number
  /** Of earlier configurations, still with connections. */
  readonly old: number
}

/** Resolves with everything that is answered. Rejects when nobody listens, or too late. */
export function askMaster(socketFile: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(socketFile)
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error(`HAProxy did not answer "${command}"`)))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('error', reject)
    socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')))
    socket.end(`${command}\n`)
  })
}

/** Reads the answer to `show proc`: sections headed by comments, a line for each process. */
export function parseWorkers(text: string): Workers {
  let section = ''
  const count = { current: 0, old: 0 }
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) section = line.replace(/^#\s*/, '').trim()
    else if (/^\d+\s+worker\b/.test(line)) count[section === 'old workers' ? 'old' : 'current'] += 1
  }
  return count
}

/** Reads the answer to `show map FILE`: an address, a key and a value on each line. */
export const parseMap = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, key, value] = /^0x[0-9a-f]+ (\S+) (.*)$/.exec(line) ?? []
      return key === undefined ? [] : [[key, value ?? '']]
    }),
  )
