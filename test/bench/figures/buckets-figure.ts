/**
 * What Prometheus' default buckets leave of a slower P99: the rise that is read off a dashboard, the one read between buckets on logarithmic scales, and
 * what the gate counts instead, requests slower than one edge. Exact shares of the simulated latencies, no chance.
 */
import { classicQuantile } from '../../../analysis/domain/gates/quantile.ts'
import { logQuantile, type Survival } from '../../../analysis/domain/gates/survival.ts'
import { edgesOf, survivalOf } from '../verdicts/latencies.ts'
import { type Axis, createPanel } from './panel.ts'
import { drawLegend, drawText, type Point, renderSvg } from './svg.ts'

const REQUESTS = 1_000_000
const TOLERATED = 1.15
const LARGEST = 2
const STEPS = 100
const EDGE_SECONDS = 0.25
const scales = Array.from({ length: STEPS + 1 }, (_, step) => LARGEST ** (step / STEPS))

/** All requests take `scale` times as long. */
function readSurvival(scale: number): Survival {
  const bounds = edgesOf('classic')
  return { bounds, slower: bounds.map((edge) => REQUESTS * survivalOf(edge, { scale, tail: 1 })), total: REQUESTS }
}

function readPromql({ bounds, slower, total }: Survival): number {
  const buckets = bounds.map((le, index) => ({ le, count: total - (slower[index] ?? 0) }))
  return classicQuantile(0.99, [...buckets, { le: Number.POSITIVE_INFINITY, count: total }])
}

const slowShare = (scale: number): number => survivalOf(EDGE_SECONDS, { scale, tail: 1 })

/** By true rise: how many times the value at rest. */
const riseOf = (read: (scale: number) => number): Point[] => scales.map((scale) => [scale, read(scale) / read(1)])

const ratioTicks: Axis['ticks'] = [1, 1.15, 1.3, 1.5, 2].map((ratio) => [ratio, `×${ratio}`])
const truth: Axis = { label: 'true rise of all latencies', from: 1, to: LARGEST, isLog: true, ticks: ratioTicks }

export function drawBuckets(): string {
  const seen = createPanel({
    title: 'P99 as it is read off the buckets',
    at: [80, 50],
    size: [330, 260],
    x: truth,
    y: { label: 'rise that is read', from: 0.95, to: 2.1, isLog: true, ticks: ratioTicks },
  })
  const counted = createPanel({
    title: 'Requests slower than the edge at 250 ms',
    at: [510, 50],
    size: [330, 260],
    x: truth,
    y: {
      label: 'how many times as many',
      from: 1,
      to: 40,
      isLog: true,
      ticks: [1, 2, 5, 10, 20, 40].map((ratio) => [ratio, `×${ratio}`]),
    },
  })
  const tolerated = slowShare(TOLERATED) / slowShare(1)
  const [x, y] = counted.place(LARGEST, tolerated)
  return renderSvg({
    width: 860,
    height: 400,
    title: 'Rise of the P99 by default buckets: PromQL, log-log, and requests slower than an edge',
    parts: [
      seen.frame,
      seen.line(
        riseOf((scale) => scale),
        'limit s-faint',
      ),
      seen.line(
        riseOf((scale) => readPromql(readSurvival(scale))),
        'line s-orange',
      ),
      seen.line(
        riseOf((scale) => logQuantile(0.99, readSurvival(scale)) ?? Number.NaN),
        'line s-blue',
      ),
      counted.frame,
      counted.level(tolerated, 'limit s-red'),
      drawText(`tolerated ×${TOLERATED} is ×${tolerated.toFixed(2)} here`, {
        at: [x - 4, y + 18],
        anchor: 'end',
        kind: 'f-red',
      }),
      counted.line(riseOf(slowShare), 'line s-violet'),
      drawLegend(
        [80, 384],
        [
          { kind: 'limit s-faint', text: 'true', width: 70 },
          { kind: 'line s-orange', text: 'histogram_quantile', width: 160 },
          { kind: 'line s-blue', text: 'log-log', width: 200 },
          { kind: 'line s-violet', text: 'counted exactly, what the gate tests', width: 200 },
        ],
      ),
    ],
  })
}
