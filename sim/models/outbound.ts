/**
 * Everybody whom the controller calls besides the API server: Prometheus, and the sink of messages. Each answer takes its time and crosses the edge of
 * the process as an event.
 */
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  TransportError,
} from '../../controller/runtime/http.ts'
import type { FaultBoard } from '../faults/board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { SimProcess } from '../kernel/process.ts'
import type { SeededRandom } from '../kernel/random.ts'

export const PROMETHEUS_URL = 'http://prometheus.sim:9090'
export const SINK_URL = 'http://sink.sim/notices'

/** A scalar, or the values of a vector's series. */
export type MetricAnswer = number | readonly number[]

export interface MetricQuestion {
  /** True virtual time. */
  readonly atMs: number
  /** What fails every condition is asked for, whatever is true. */
  readonly isAskedBad: boolean
}

/** `url` is the one that was asked, with the path of the metric's address. */
export type MetricReader = (url: URL, question: MetricQuestion) => MetricAnswer

export interface OutboundDeps {
  readonly kernel: Kernel
  readonly process: SimProcess
  readonly board: FaultBoard
  readonly random: SeededRandom
  /** What Prometheus says now. */
  readonly readMetric: MetricReader
  /** A message has arrived; `isAnswered`: and its sender will know. */
  readonly onNotice: (body: string, isAnswered: boolean) => void
}

/** An answer, or undefined: none, ever. */
type Reply = { readonly response: HttpResponse; readonly afterMs: number } | undefined

const json = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

const success = (data: object): HttpResponse => json(200, { status: 'success', data })

const vector = (atMs: number, ...values: readonly string[]): HttpResponse =>
  success({ resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [atMs / 1000, value] })) })

/** The first is over once a person repairs the channel. */
const SLACK_ERRORS = { refuse: 'channel_not_found', reject: 'msg_too_long' }

/** Proxies repeat in their errors what they were sent, credentials and all. */
const echo = (headers: HttpRequest['headers']): string => `no upstream for ${JSON.stringify(headers ?? {})}`

const render = (atMs: number, answer: MetricAnswer): HttpResponse =>
  typeof answer === 'number'
    ? success({ resultType: 'scalar', result: [atMs / 1000, String(answer)] })
    : vector(atMs, ...answer.map(String))

export function createOutbound({ kernel, process, board, random, readMetric, onNotice }: OutboundDeps): HttpTransport {
  function askPrometheus({ url, headers }: HttpRequest): Reply {
    const afterMs = random.between(2, 60)
    const nowMs = process.clock.now()
    const mode = board.find('metrics')?.mode
    switch (mode) {
      case 'timeout':
        return undefined
      case 'error':
        return { afterMs, response: json(503, { status: 'error', errorType: 'unavailable', error: echo(headers) }) }
      case 'garbage':
        return { afterMs, response: json(200, '<html>') }
      case 'nan':
        return { afterMs, response: vector(nowMs, 'NaN') }
      case 'empty':
        return { afterMs, response: vector(nowMs) }
      case 'bad':
      case undefined:
        return {
          afterMs,
          response: render(nowMs, readMetric(new URL(url), { atMs: kernel.now(), isAskedBad: mode === 'bad' })),
        }
    }
  }

  function tellSink(request: HttpRequest): Reply {
    const trouble = board.find('sink')?.mode
    if (trouble === 'error') return { afterMs: 20, response: { ...json(503, 'no'), headers: { 'retry-after': '1' } } }
    const refusal = board.find('channel')?.mode
    if (refusal) return { afterMs: 20, response: json(200, { ok: false, error: SLACK_ERRORS[refusal] }) }
    onNotice(request.body ?? '', trouble !== 'lost')
    if (trouble === 'lost') return undefined
    return { afterMs: trouble === 'slow' ? 4_000 : random.between(2, 80), response: json(200, { ok: true }) }
  }

  return {
    send: (request, signal) =>
      new Promise((resolve, reject) => {
        const host = new URL(request.url).hostname
        let isOver = false
        const end = (delayMs: number, label: string, finish: () => void): void =>
          void process.deliver(delayMs, `← ${label}`, () => {
            if (isOver) return
            isOver = true
            finish()
          })
        const fail = (kind: 'timeout' | 'cancelled', delayMs: number): void =>
          end(delayMs, `${host} ${kind}`, () => reject(new TransportError(kind, `${host}: ${kind}`)))
        signal?.addEventListener('abort', () => fail('cancelled', 0), { once: true })
        kernel.schedule(random.between(1, 20), `${process.name} → ${request.method} ${host}`, () => {
          const reply = host === new URL(PROMETHEUS_URL).hostname ? askPrometheus(request) : tellSink(request)
          if (!reply || reply.afterMs >= request.timeoutMs) fail('timeout', request.timeoutMs)
          else end(reply.afterMs, `${host} ${reply.response.status}`, () => resolve(reply.response))
        })
      }),
  }
}
