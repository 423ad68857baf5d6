/**
 * Requests and answers as the server's core sees them, whatever carried them: HTTP or a call in the same process.
 */
import type { JsonObject } from './json.ts'

export interface ApiRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Decoded JSON or YAML. */
  readonly body?: unknown
}

export interface WatchLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: JsonObject
}

export interface WatchSink {
  send(line: WatchLine): void
  /** The stream ends: normally, or as if the connection broke. */
  end(how: 'closed' | 'broken'): void
}

export type ApiResponse =
  | {
      readonly kind: 'object'
      readonly code: number
      readonly body: JsonObject
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'bytes'; readonly code: number; readonly contentType: string; readonly text: string }
  /** A stream of lines; `start` returns what stops it early. */
  | { readonly kind: 'watch'; start(sink: WatchSink): () => void }
  /** The connection ends without an answer. */
  | { readonly kind: 'cut' }

export const answer = (code: number, body: JsonObject, warnings: readonly string[] = []): ApiResponse => ({
  kind: 'object',
  code,
  body,
  warnings,
})
