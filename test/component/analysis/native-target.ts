/**
 * An application's metrics in Prometheus' protobuf format, the only one that carries native histograms: gauges, and histograms of observations that
 * all fall into one bucket.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface NativeTarget {
  /** host:port */
  readonly target: string
  close(): Promise<void>
}

export interface Families {
  readonly gauges: readonly (readonly [name: string, labels: Readonly<Record<string, string>>, value: number])[]
  /** `count` observations between 1 and 2. */
  readonly histograms: readonly (readonly [name: string, count: number])[]
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return Buffer.from([...bytes, rest])
}
/** Numbers of fields as in io.prometheus.client. */
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)])
const bytes = (field: number, ...parts: readonly Buffer[]): Buffer => {
  const whole = Buffer.concat(parts)
  return Buffer.concat([varint(field * 8 + 2), varint(whole.length), whole])
}
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value))
function double(field: number, value: number): Buffer {
  const whole = Buffer.alloc(8)
  whole.writeDoubleLE(value)
  return Buffer.concat([varint(field * 8 + 1), whole])
}
const signed = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

const GAUGE = 1
const HISTOGRAM = 4
const family = (name: string, type: number, metric: Buffer): Buffer => {
  const whole = Buffer.concat([text(1, name), number(3, type), bytes(4, metric)])
  return Buffer.concat([varint(whole.length), whole])
}

function renderGauge([name, labels, value]: Families['gauges'][number]): Buffer {
  const pairs = Object.entries(labels).map(([key, label]) => bytes(1, text(1, key), text(2, label)))
  return family(name, GAUGE, Buffer.concat([...pairs, bytes(2, double(1, value))]))
}

/** Schema 0: buckets by powers of two; the one with index 1 reaches from 1 to 2. */
function renderHistogram([name, count]: Families['histograms'][number]): Buffer {
  const histogram = bytes(
    7,
    number(1, count),
    double(2, 1.5 * count),
    number(5, signed(0)),
    double(6, 0.001),
    number(7, 0),
    bytes(12, number(1, signed(1)), number(2, 1)),
    bytes(13, varint(signed(count))),
  )
  return family(name, HISTOGRAM, histogram)
}

export async function startNativeTarget({ gauges, histograms }: Families): Promise<NativeTarget> {
  const body = Buffer.concat([...gauges.map(renderGauge), ...histograms.map(renderHistogram)])
  const type = 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', type).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    target: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
