/**
 * Stands between Alertmanager and the controller and notes when a firing alert arrived: the beginning of every reaction time, measured
 * outside of what is measured. It passes bytes and answers on unchanged.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, request as sendRequest } from 'undici'
import type { Clock } from '../../controller/runtime/clock.ts'

export interface WebhookTap {
  readonly url: string
  /** Where posts go from now on; until then they are answered with 503, which Alertmanager repeats. */
  forwardTo(url: string): void
  /** Epoch milliseconds at which posts with a firing alert arrived. */
  firingPosts(): readonly number[]
  stop(): Promise<void>
}

const MOST_BODY_BYTES = 4 * 1024 * 1024

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_BODY_BYTES) throw new Error('the post is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const isFiring = (body: Buffer): boolean => /"status"\s*:\s*"firing"/.test(body.toString('utf8'))

export async function startWebhookTap(options: { readonly clock: Clock }): Promise<WebhookTap> {
  const posts: number[] = []
  const agent = new Agent()
  let target: string | undefined
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const atMs = options.clock.now()
    const body = await readBody(request)
    if (isFiring(body)) posts.push(atMs)
    if (target === undefined) return void response.writeHead(503).end()
    const { authorization = '', 'content-type': contentType = 'application/json' } = request.headers
    const answer = await sendRequest(`${target}${request.url ?? ''}`, {
      dispatcher: agent,
      method: 'POST',
      headers: { authorization, 'content-type': contentType },
      body,
    })
    response.writeHead(answer.statusCode, { 'content-type': 'application/json' })
    response.end(await answer.body.text())
  }
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.writeHead(502).end())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forwardTo: (url) => {
      target = url
    },
    firingPosts: () => [...posts],
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await agent.destroy()
    },
  }
}
