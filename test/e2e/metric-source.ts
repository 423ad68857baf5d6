/** A tiny HTTP server that analyses ask: what it answers is set by the test, per path. It keeps no request. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MetricSource {
  url(path: string): string
  /** `down` answers 500; `empty` answers `{}`; everything else is the verdict in `{"verdict": ...}`. */
  answer(path: string, verdict: string): void
  asked(path: string): number
  stop(): Promise<void>
}

export async function startMetricSource(): Promise<MetricSource> {
  const verdicts = new Map<string, string>()
  const counts = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    counts.set(path, (counts.get(path) ?? 0) + 1)
    const verdict = verdicts.get(path) ?? 'ok'
    response.statusCode = verdict === 'down' ? 500 : 200
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(verdict === 'empty' ? {} : { verdict }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    answer: (path, verdict) => void verdicts.set(path, verdict),
    asked: (path) => counts.get(path) ?? 0,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
