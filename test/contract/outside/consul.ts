/**
 * Consul's KV store for the suite. The same on an agent in memory and on a real one, which differ in transport and clock only: outages and lost
 * answers are played on the way to it.
 */
import { createConsulStore } from '../../../controller/outside/consul/store.ts'
import type { Clock } from '../../../controller/runtime/clock.ts'
import { type HttpResponse, type HttpTransport, TransportError } from '../../../controller/runtime/http.ts'
import { type ConsulKey, consulKeys } from '../../../controller/traffic/consul-kv/key.ts'
import { createFakeConsul } from '../../fakes/consul-agent.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import type { OutsideHarness } from './harness.ts'

export interface ConsulUnderTest {
  readonly transport: HttpTransport
  readonly address: string
  readonly clock: Clock
  /** So much time passes. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** A way to Consul that can be cut, and on which one answer can get lost. */
export function createFrailTransport(inner: HttpTransport) {
  let cut = new AbortController()
  let losesAnswer = false
  return {
    sever: () => cut.abort(),
    restore(): void {
      cut = new AbortController()
    },
    loseNextAnswer(): void {
      losesAnswer = true
    },
    async send(request, signal): Promise<HttpResponse> {
      const { signal: severed } = cut
      if (severed.aborted) throw new TransportError('refused', 'connection refused')
      const both = signal ? AbortSignal.any([signal, severed]) : severed
      const answer = await inner.send(request, both).catch((error: unknown) => {
        throw severed.aborted ? new TransportError('network', 'connection reset') : error
      })
      if (request.method === 'GET' || !losesAnswer) return answer
      losesAnswer = false
      throw new TransportError('network', 'connection reset')
    },
  } satisfies HttpTransport & Record<string, unknown>
}

const weightIn = ({ json }: ConsulKey): number => Number(json?.weight)
const LONGEST_MS = 20_000
const STEP_MS = 50

export const consulHarness = (name: string, start: () => Promise<ConsulUnderTest>): OutsideHarness => ({
  name,
  createsAndDeletes: true,
  async open() {
    const { transport, address, clock, pass, close } = await start()
    const frail = createFrailTransport(transport)
    const access = { address, prefix: 'contract/', readToken: async () => undefined }
    const store = createConsulStore({ access, transport: frail, clock, random: seededRandom(1) })
    const call = (method: 'GET' | 'PUT' | 'DELETE', key: string, body?: string) =>
      transport.send({
        method,
        url: `${address}/v1/kv/${key}`,
        ...(body === undefined ? {} : { body }),
        timeoutMs: 5_000,
        maxBytes: 1_000_000,
        target: 'test',
      })
    return {
      store,
      ref: (index) => ({ kind: consulKeys, name: `contract/key-${index}` }),
      render: (ref, weight) =>
        ({ apiVersion: 'consul.outside/v1', kind: 'Key', metadata: { name: ref.name }, json: { weight } }) as ConsulKey,
      contentOf: weightIn,
      change: (_, weight) => [{ op: 'replace', path: '/json/weight', value: weight }],
      async put(ref, weight) {
        await (weight === undefined ? call('DELETE', ref.name) : call('PUT', ref.name, JSON.stringify({ weight })))
      },
      async actual(ref) {
        const { status, body } = await call('GET', ref.name)
        if (status === 404) return undefined
        const [{ Value }] = JSON.parse(body) as [{ Value: string }]
        return JSON.parse(Buffer.from(Value, 'base64').toString('utf8')).weight
      },
      sever: async () => frail.sever(),
      restore: async () => frail.restore(),
      loseNextAnswer: () => frail.loseNextAnswer(),
      async until(condition) {
        for (let passed = 0; passed < LONGEST_MS && !condition(); passed += STEP_MS) await pass(STEP_MS)
        if (!condition()) throw new Error('it did not come to that')
      },
      async close() {
        await store.stop()
        await close()
      },
    }
  },
})

export const fakeConsulHarness = consulHarness('Consul in memory', async () => {
  const clock = createFakeClock()
  return {
    transport: createFakeConsul(clock),
    address: 'http://consul.example:8500',
    clock,
    pass: (ms) => clock.advance(ms),
    close: async () => {},
  }
})
