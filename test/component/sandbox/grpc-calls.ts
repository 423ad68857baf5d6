/** Servers and clients of gRPC as far as a proxy can tell: HTTP/2 without TLS, and calls that end with trailers. */
import assert from 'node:assert/strict'
import { connect, createServer, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { StopList } from '../../../sandbox/stop-list.ts'

/** Speaks HTTP/2 without TLS and ends every call with trailers, as gRPC does. */
export async function startGrpcPod(revision: string, stops: StopList): Promise<number> {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream, { te }) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'x-te': te ?? '' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', revision }))
    stream.end('answer')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.add(async () => {
    for (const session of sessions) session.destroy()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })
  return (server.address() as AddressInfo).port
}

/** Calls on one connection, counted by the revision that answered and its status. */
export async function callAll(
  { url, host }: { readonly url: string; readonly host: string },
  calls: number,
  headers: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, number>>> {
  const session = connect(url)
  const counts: Record<string, number> = {}
  const call = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/shop.Cart/Add',
        ':authority': host,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      })
      let te: unknown
      stream.on('response', (answer) => {
        te = answer['x-te']
      })
      stream.on('trailers', (trailers) => {
        assert.equal(te, 'trailers')
        const key = `${trailers.revision} ${trailers['grpc-status']}`
        counts[key] = (counts[key] ?? 0) + 1
      })
      stream.once('error', reject)
      stream.once('close', resolve)
      stream.resume()
      stream.end('call')
    })
  try {
    for (let made = 0; made < calls; made += 10) await Promise.all(Array.from({ length: 10 }, call))
  } finally {
    session.close()
  }
  return counts
}
