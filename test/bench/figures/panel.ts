/** One pair of axes: scales from values to pixels, linear or logarithmic, with grid, ticks and labels. Values outside are drawn at the edge. */
import { drawBox, drawPath, drawText, type Point } from './svg.ts'

export interface Axis {
  /** With its unit. */
  readonly label: string
  readonly from: number
  readonly to: number
  readonly isLog?: boolean
  readonly ticks: readonly (readonly [value: number, text: string])[]
}

export interface PanelLayout {
  readonly title: string
  /** Upper left corner of the plot itself, and its size. */
  readonly at: Point
  readonly size: Point
  readonly x: Axis
  readonly y: Axis
}

export interface Panel {
  /** Grid, axes, title. */
  readonly frame: string
  readonly place: (x: number, y: number) => Point
  readonly line: (points: readonly Point[], kind: string) => string
  /** From one end of the x axis to the other. */
  readonly level: (y: number, kind: string) => string
  /** A stripe over the whole height. */
  readonly stripe: (from: number, to: number) => string
}

/** 0 at `from`, 1 at `to`. */
function shareOf({ from, to, isLog = false }: Axis, value: number): number {
  const share = isLog ? Math.log(value / from) / Math.log(to / from) : (value - from) / (to - from)
  return Math.min(1, Math.max(0, share))
}

export function createPanel({ title, at, size, x, y }: PanelLayout): Panel {
  const [left, top] = at
  const [width, height] = size
  const bottom = top + height
  const place = (xValue: number, yValue: number): Point => [
    left + width * shareOf(x, xValue),
    bottom - height * shareOf(y, yValue),
  ]
  const line: Panel['line'] = (points, kind) =>
    drawPath(
      points.map(([xValue, yValue]) => place(xValue, yValue)),
      kind,
    )
  const level: Panel['level'] = (value, kind) =>
    line(
      [
        [x.from, value],
        [x.to, value],
      ],
      kind,
    )
  const stripe: Panel['stripe'] = (from, to) => {
    const [start] = place(from, y.from)
    const [end] = place(to, y.from)
    return drawBox([start, top], [end - start, height], 'band')
  }
  const rows = y.ticks.map(
    ([value, text]) =>
      level(value, 'grid') +
      drawText(text, { at: [left - 8, place(x.from, value)[1] + 4], anchor: 'end', kind: 'faint' }),
  )
  const columns = x.ticks.map(([value, text]) =>
    drawText(text, { at: [place(value, y.from)[0], bottom + 18], anchor: 'middle', kind: 'faint' }),
  )
  const frame = [
    ...rows,
    ...columns,
    level(y.from, 'axis'),
    drawText(title, { at: [left, top - 12], kind: 'head' }),
    drawText(x.label, { at: [left + width / 2, bottom + 38], anchor: 'middle' }),
    drawText(y.label, { at: [left - 52, top + height / 2], anchor: 'middle', turned: -90 }),
  ].join('\n')
  return { frame, place, line, level, stripe }
}

/** Ticks whose text is the value. */
export const plainTicks = (values: readonly number[], unit = ''): Axis['ticks'] =>
  values.map((value) => [value, `${value}${unit}`])
