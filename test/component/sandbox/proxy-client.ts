/** A real proxy for a group of tests, and one request at a time through it. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before } from 'node:test'
import { findProxies, type ProxyName } from '../../../sandbox/proxies/programs.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import type { DrivenOptions, DrivenProxy } from '../../bench/driven-proxy.ts'

/** One proxy and one cluster for all tests of a group: every test sets what it needs. */
export function useProxy(name: ProxyName, start: (options: DrivenOptions) => Promise<DrivenProxy>): () => DrivenProxy {
  const stops = createStopList()
  let proxy: DrivenProxy | undefined
  before(async () => {
    const programs = await findProxies(process.env)
    proxy = await start({ program: programs[name], stops })
  })
  after(() => stops.run())
  return () => {
    assert.ok(proxy, `${name} did not start`)
    return proxy
  }
}

export interface Answer {
  readonly code: number
  readonly refusal: string
  readonly revision: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

/** One request on a connection of its own. */
export function ask(url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const outgoing = request(url, { method, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () =>
        resolve({
          code: answer.statusCode ?? 0,
          refusal: String(answer.headers['x-penstock-gateway'] ?? ''),
          revision: String(answer.headers['x-pod-template-hash'] ?? ''),
          headers: answer.headers,
          text,
        }),
      )
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}
