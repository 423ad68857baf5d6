/**
 * HTTP around the request handler: bytes to requests, answers to bytes, watches to chunked lines. It bounds bodies, checks
 * bearer tokens, and holds no Kubernetes rules.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { parse as parseYaml } from 'yaml'
import type { ApiRequest, ApiResponse } from './api-message.ts'
import { ApiError, badRequest, fromBrowser, internal, tooLarge, unauthorized } from './errors.ts'
import { decodeProtobuf, protobufType } from './protobuf.ts'

export interface HttpServer {
  readonly url: string
  close(): Promise<void>
}

export interface HttpOptions {
  readonly port: number
  readonly host: string
  readonly tokens: readonly string[]
  handle(request: ApiRequest): ApiResponse
}

const maxBodyBytes = 3 * 1024 * 1024

const readBody = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) throw tooLarge(maxBodyBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const maxAliases = 100

const parseBody = (bytes: Buffer, contentType: string): unknown => {
  if (bytes.length === 0) return undefined
  if (contentType.startsWith(protobufType)) return decodeProtobuf(bytes)
  const text = bytes.toString('utf8')
  try {
    return contentType.includes('yaml') && !text.trimStart().startsWith('{')
      ? parseYaml(text, { maxAliasCount: maxAliases })
      : JSON.parse(text)
  } catch (error) {
    throw badRequest(`error decoding the request body: ${error instanceof Error ? error.message : 'not JSON'}`)
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const isAllowed = (header: string | undefined, tokens: readonly string[]): boolean => {
  if (tokens.length === 0) return true
  const given = digest(/^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '')
  return tokens.filter((token) => timingSafeEqual(digest(token), given)).length > 0
}

const isLocalName = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host)

/**
 * Without tokens anybody who reaches the port may run programs through pods. Other machines cannot; a page in a browser on this one could: it
 * sends an Origin, or, by a name that it made point here, a foreign Host.
 */
const isFromBrowser = ({ headers }: IncomingMessage): boolean =>
  headers.origin !== undefined || headers['sec-fetch-site'] !== undefined || !isLocalName(headers.host ?? '')

const headersOf = (message: IncomingMessage): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )

const renderWarnings = (warnings: readonly string[]): string[] =>
  warnings.map((text) => `299 - ${JSON.stringify(text.replaceAll(/[\r\n]/g, ' '))}`)

const sendObject = (response: ServerResponse, code: number, body: object, warnings: readonly string[] = []): void => {
  const { details } = body as { details?: { retryAfterSeconds?: number } }
  if (typeof details?.retryAfterSeconds === 'number') response.setHeader('Retry-After', details.retryAfterSeconds)
  if (warnings.length > 0) response.setHeader('Warning', renderWarnings(warnings))
  response.writeHead(code, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' })
  response.end(JSON.stringify(body))
}

const sendWatch = (response: ServerResponse, answer: Extract<ApiResponse, { kind: 'watch' }>): void => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' })
  response.flushHeaders()
  const stop = answer.start({
    send: (line) => void response.write(`${JSON.stringify(line)}\n`),
    end: (how) => void (how === 'closed' ? response.end() : response.destroy()),
  })
  response.on('close', stop)
}

const send = (response: ServerResponse, answer: ApiResponse): void => {
  switch (answer.kind) {
    case 'object':
      sendObject(response, answer.code, answer.body, answer.warnings)
      return
    case 'bytes':
      response.writeHead(answer.code, { 'Content-Type': answer.contentType })
      response.end(answer.text)
      return
    case 'watch':
      sendWatch(response, answer)
      return
    case 'cut':
      response.destroy()
  }
}

const serve = async (message: IncomingMessage, response: ServerResponse, options: HttpOptions): Promise<void> => {
  try {
    if (!isAllowed(message.headers.authorization, options.tokens)) throw unauthorized()
    if (options.tokens.length === 0 && isFromBrowser(message)) throw fromBrowser()
    const url = new URL(message.url ?? '/', 'http://localhost')
    const headers = headersOf(message)
    const body = parseBody(await readBody(message), headers['content-type'] ?? '')
    const request = { method: message.method ?? 'GET', path: url.pathname, query: url.searchParams, headers }
    send(response, options.handle(body === undefined ? request : { ...request, body }))
  } catch (error) {
    const failure = error instanceof ApiError ? error : internal('the request could not be read')
    // What is left of a body that was not read to its end would be taken for the next request.
    if (!message.complete && !response.headersSent) response.setHeader('Connection', 'close')
    if (response.headersSent) response.destroy()
    else sendObject(response, failure.status.code, failure.status)
  }
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

/** Resolves when the socket listens; rejects when the port is taken. */
export const listen = (options: HttpOptions): Promise<HttpServer> =>
  new Promise((resolve, reject) => {
    const server = createServer((message, response) => {
      message.on('error', () => response.destroy())
      response.on('error', () => {})
      void serve(message, response, options)
    })
    server.keepAliveTimeout = 60_000
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject)
      server.on('error', () => {})
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : options.port
      resolve({
        url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
        close: () => close(server),
      })
    })
  })
