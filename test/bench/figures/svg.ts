/**
 * SVG as text for the figures of the documents: elements, and a frame that is readable on a light and on a dark page. Coordinates are rounded, so that
 * equal numbers give equal bytes. It knows nothing of what is drawn.
 */

/** Colours by role, on white and on dark grey; each pair has a contrast of at least 4.5 to its ground. */
const palette = {
  ground: ['#ffffff', '#161b22'],
  ink: ['#24292f', '#e6edf3'],
  faint: ['#6e7781', '#9aa5b1'],
  grid: ['#d8dee4', '#30363d'],
  band: ['#f3f5f7', '#1f2630'],
  blue: ['#1f5fbf', '#79b8ff'],
  orange: ['#b45309', '#ffab5e'],
  red: ['#c1121f', '#ff7b72'],
  green: ['#1a7f37', '#56d364'],
  violet: ['#7b3fbf', '#c9a2ff'],
} as const
const colours = ['ink', 'faint', 'blue', 'orange', 'red', 'green', 'violet'] as const

/** Rules without variables: not every renderer knows them. */
function listColours(column: 0 | 1): string {
  const of = (role: keyof typeof palette): string => palette[role][column]
  const inks = colours.map((role) => `.s-${role}{stroke:${of(role)}}.f-${role}{fill:${of(role)}}`)
  return [
    `.ground{fill:${of('ground')}}.band{fill:${of('band')}}.grid{stroke:${of('grid')}}.axis{stroke:${of('faint')}}`,
    `text{fill:${of('ink')}}.faint{fill:${of('faint')}}`,
    ...inks,
  ].join('\n')
}

const STYLE = `svg{font:13px system-ui,sans-serif}
.head{font-weight:600}
.grid,.axis{stroke-width:1}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
.thin{fill:none;stroke-width:1;stroke-opacity:.75}
.limit{fill:none;stroke-width:1.5;stroke-dasharray:6 4}
${listColours(0)}
@media (prefers-color-scheme:dark){
${listColours(1)}
}`

export type Point = readonly [x: number, y: number]

/** To a tenth of a pixel. */
export const round = (value: number): string => String(Math.round(value * 10) / 10)

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

export interface TextLook {
  readonly at: Point
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly kind?: string
  /** Degrees, around `at`. */
  readonly turned?: number
}

export function drawText(text: string, { at: [x, y], anchor = 'start', kind, turned }: TextLook): string {
  const turn = turned === undefined ? '' : ` transform="rotate(${turned} ${round(x)} ${round(y)})"`
  const look = kind === undefined ? '' : ` class="${kind}"`
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}"${look}${turn}>${escapeText(text)}</text>`
}

export function drawPath(points: readonly Point[], kind: string): string {
  const places = points.map(([x, y]) => `${round(x)} ${round(y)}`).join('L')
  return `<path class="${kind}" d="M${places}"/>`
}

export const drawDot = ([x, y]: Point, kind: string, radius = 4): string =>
  `<circle class="${kind}" cx="${round(x)}" cy="${round(y)}" r="${radius}"/>`

export const drawBox = ([x, y]: Point, [width, height]: Point, kind: string): string =>
  `<rect class="${kind}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`

/** Entries of a legend side by side, from `at` on; each is a stroke and its meaning. */
export function drawLegend(
  [x, y]: Point,
  entries: readonly { readonly kind: string; readonly text: string; readonly width: number }[],
): string {
  let left = x
  return entries
    .map(({ kind, text, width }) => {
      const start = left
      left += width
      const isDot = kind.startsWith('f-')
      const mark = isDot
        ? drawDot([start + 9, y - 4], kind)
        : drawPath(
            [
              [start, y - 4],
              [start + 18, y - 4],
            ],
            kind,
          )
      return mark + drawText(text, { at: [start + 24, y] })
    })
    .join('\n')
}

export interface Figure {
  readonly width: number
  readonly height: number
  /** What it shows, for those who cannot see it. */
  readonly title: string
  readonly parts: readonly string[]
}

export function renderSvg({ width, height, title, parts }: Figure): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeText(title)}</title>
<style>
${STYLE}
</style>
${drawBox([0, 0], [width, height], 'ground')}
${parts.join('\n')}
</svg>
`
}
