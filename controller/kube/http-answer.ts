/** Reads what the API server answers: bounded bodies, JSON, and Warning headers for the log. It decides nothing about retries. */
import type { Logger } from '../runtime/log.ts'
import { KubeError, noAnswerReasons } from './client.ts'

const MOST_WARNINGS = 256

/** The body as text, at most `maxBytes` of it. Throws KubeError `BadAnswer` beyond. */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes: number, request: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    if (size > maxBytes) {
      const message = `the answer is larger than ${maxBytes} bytes`
      throw new KubeError({ code: 0, reason: noAnswerReasons.badAnswer, message }, request)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** The JSON in `text`. Throws KubeError `BadAnswer` when it is none. */
export function parseAnswer(text: string, request: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `the answer is no JSON: ${text.slice(0, 100)}`
    throw new KubeError({ code: 0, reason: noAnswerReasons.badAnswer, message }, request, { cause: error })
  }
}

/** Logs each distinct Warning header once: a deprecated field would otherwise fill the log with every write. */
export function createWarningLog(log: Logger): (header: string | string[] | undefined) => void {
  const seen = new Set<string>()
  return (header) => {
    for (const warning of header === undefined ? [] : [header].flat()) {
      if (seen.has(warning) || seen.size >= MOST_WARNINGS) continue
      seen.add(warning)
      log.warn('the API server warns', { reason: 'ApiWarning', warning })
    }
  }
}
