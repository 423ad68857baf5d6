/**
 * Stands for Slack: takes `chat.postMessage`, `chat.update` and incoming webhooks on loopback, keeps the messages, and can be told to be slow or to fail.
 * It checks shapes as Slack does, so that a message Slack would refuse is refused here too.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../controller/runtime/clock.ts'

export interface SlackMessage {
  readonly channel: string
  readonly text: string
  /** The whole body as it was sent. */
  readonly body: Readonly<Record<string, unknown>>
  readonly atMs: number
}

/** How the sink treats the requests to come. */
export type SinkMood =
  | { readonly kind: 'well' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'failing'; readonly code: number }

export interface SlackSink {
  /** Base of the Web API, for `--slack-api-url`: methods follow it, such as `/chat.postMessage`. */
  readonly apiUrl: string
  readonly webhookUrl: string
  messages(): readonly SlackMessage[]
  setMood(mood: SinkMood): void
  stop(): Promise<void>
}

const MOST_BODY_BYTES = 1024 * 1024
const MOST_MESSAGES = 10_000

async function readBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text))
  }
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Slack's answer to a Web API call; refusals are 200 with `ok: false`. */
function judgeApiCall(
  method: string,
  token: string | undefined,
  body: Readonly<Record<string, unknown>>,
): string | undefined {
  if (method !== 'chat.postMessage' && method !== 'chat.update') return 'unknown_method'
  if (!token?.startsWith('Bearer ')) return 'not_authed'
  if (textOf(body.channel) === '') return 'channel_not_found'
  const hasContent = textOf(body.text) !== '' || Array.isArray(body.blocks) || Array.isArray(body.attachments)
  return hasContent ? undefined : 'no_text'
}

/** Listens on a free loopback port. */
export async function startSlackSink(options: { readonly clock: Clock }): Promise<SlackSink> {
  const { clock } = options
  const received: SlackMessage[] = []
  let mood: SinkMood = { kind: 'well' }
  const stopping = new AbortController()

  const keep = (channel: string, body: Readonly<Record<string, unknown>>): void => {
    if (received.length < MOST_MESSAGES) received.push({ channel, text: textOf(body.text), body, atMs: clock.now() })
  }
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request)
    const current = mood
    if (current.kind === 'slow') await clock.sleep(current.delayMs, stopping.signal)
    if (current.kind === 'failing') return void response.writeHead(current.code).end('failing by request')
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    if (request.method !== 'POST' || !body) return void response.writeHead(400).end('invalid_payload')
    if (path.startsWith('/services/')) {
      if (textOf(body.text) === '' && !Array.isArray(body.blocks)) return void response.writeHead(400).end('no_text')
      keep('(webhook)', body)
      return void response.writeHead(200).end('ok')
    }
    const error = judgeApiCall(path.replace(/^\/(api\/)?/, ''), request.headers.authorization, body)
    response.writeHead(200, { 'content-type': 'application/json' })
    if (error !== undefined) return void response.end(JSON.stringify({ ok: false, error }))
    keep(textOf(body.channel), body)
    const ts = `${Math.floor(clock.now() / 1000)}.${String(received.length).padStart(6, '0')}`
    response.end(JSON.stringify({ ok: true, channel: body.channel, ts, message: { text: body.text } }))
  }
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    apiUrl: `${base}/api`,
    webhookUrl: `${base}/services/T0/B0/sandbox`,
    messages: () => [...received],
    setMood: (next) => {
      mood = next
    },
    async stop() {
      stopping.abort()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
