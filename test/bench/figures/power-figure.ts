/** The smallest ratio of error rates that would be caught, by traffic, weight and time. */
import { type Axis, createPanel, type Panel, plainTicks } from './panel.ts'
import { caughtAfter, type SteadyTraffic } from './power.ts'
import { drawText, type Point, renderSvg } from './svg.ts'

const MOST_MINUTES = 30
const PHI = 1.5
const minutes = Array.from({ length: 2 * MOST_MINUTES }, (_, index) => (index + 1) / 2)
const time: Axis = {
  label: 'minutes at this weight',
  from: 0,
  to: MOST_MINUTES,
  ticks: plainTicks([0, 5, 10, 15, 20, 25, 30]),
}
const ratio: Axis = {
  label: 'smallest ratio caught',
  from: 1,
  to: 50,
  isLog: true,
  ticks: [1.2, 2, 3, 5, 10, 20, 50].map((value) => [value, `×${value}`]),
}

interface Curve extends Omit<SteadyTraffic, 'phi'> {
  readonly kind: string
  readonly text: string
}

interface DrawnCurve extends Curve {
  readonly points: readonly Point[]
  /** Where its name would stand. */
  readonly end: Point
}

/** A curve that nothing is caught on has no points and is left out. */
function computeCurves(panel: Panel, curves: readonly Curve[]): DrawnCurve[] {
  return curves.flatMap((curve): DrawnCurve[] => {
    const points = minutes.flatMap((minute): Point[] => {
      const caught = caughtAfter({ ...curve, phi: PHI }, minute)
      return caught === undefined || caught > ratio.to ? [] : [[minute, caught]]
    })
    const last = points.at(-1)
    return last === undefined ? [] : [{ ...curve, points, end: panel.place(...last) }]
  })
}

const NAME_HEIGHT = 15

/** Names from the lowest curve upwards, none on another. */
function drawNames(curves: readonly DrawnCurve[]): string {
  let free = Number.POSITIVE_INFINITY
  return curves
    .toSorted((one, other) => other.end[1] - one.end[1])
    .map(({ end: [x, y], kind, text }) => {
      free = Math.min(y + 4, free - NAME_HEIGHT)
      return drawText(text, { at: [x + 6, free], kind: `f-${kind}` })
    })
    .join('\n')
}

function drawCurves(left: number, title: string, curves: readonly Curve[]): string {
  const panel = createPanel({ title, at: [left, 50], size: [280, 280], x: time, y: ratio })
  const drawn = computeCurves(panel, curves)
  return [
    panel.frame,
    panel.level(1.2, 'limit s-faint'),
    ...drawn.map(({ points, kind }) => panel.line(points, `line s-${kind}`)),
    drawNames(drawn),
  ].join('\n')
}

export function drawPower(): string {
  const kinds = ['orange', 'red', 'blue', 'violet'] as const
  const rates = [5, 20, 100, 1000].map((rps, index) => ({
    rps,
    weight: 0.1,
    kind: kinds[index] ?? 'ink',
    text: `${rps} req/s`,
  }))
  const weights = [0.05, 0.1, 0.25, 0.5].map((weight, index) => ({
    rps: 100,
    weight,
    kind: kinds[index] ?? 'ink',
    text: `${weight * 100} %`,
  }))
  return renderSvg({
    width: 860,
    height: 400,
    title: 'Smallest ratio of error rates that is caught with 80 % chance, by traffic, weight and time',
    parts: [drawCurves(80, 'Weight 10 %, by traffic', rates), drawCurves(510, '100 requests/s, by weight', weights)],
  })
}
