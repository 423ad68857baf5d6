/**
 * What the CLI knows about the screen it writes to, and the symbols that the screen can show. It decides colour and glyphs; it must not
 * decide content.
 */

const ESC = '\u001b'

export interface Terminal {
  /** Writes text as it is (no line end added). */
  out(text: string): void
  err(text: string): void
  readonly isTty: boolean
  readonly color: boolean
  readonly unicode: boolean
}

export type Tone = 'good' | 'bad' | 'wait' | 'dim' | 'plain'

export interface Style {
  readonly symbols: Symbols
  paint(tone: Tone, text: string): string
}

export interface Symbols {
  readonly good: string
  readonly bad: string
  readonly wait: string
  readonly busy: string
  readonly branch: string
  readonly lastBranch: string
  readonly trunk: string
  readonly gap: string
}

const unicodeSymbols: Symbols = {
  good: '✔',
  bad: '✖',
  wait: '॥',
  busy: '◌',
  branch: '├── ',
  lastBranch: '└── ',
  trunk: '│   ',
  gap: '    ',
}
const asciiSymbols: Symbols = {
  good: '+',
  bad: 'x',
  wait: '=',
  busy: 'o',
  branch: '|-- ',
  lastBranch: '`-- ',
  trunk: '|   ',
  gap: '    ',
}

const codes: Readonly<Record<Tone, string>> = { good: '32', bad: '31', wait: '33', dim: '2', plain: '' }

/** Colour is for the tone of a status alone; nothing is told by colour only. */
export function createStyle(terminal: Pick<Terminal, 'color' | 'unicode'>): Style {
  return {
    symbols: terminal.unicode ? unicodeSymbols : asciiSymbols,
    paint: (tone, text) => {
      const code = codes[tone]
      return terminal.color && code !== '' ? `${ESC}[${code}m${text}${ESC}[0m` : text
    },
  }
}

/** The tone of a phase, health or verdict word. */
export function toneOf(word: string): Tone {
  if (['Healthy', 'Successful', 'Succeeded', 'Completed'].includes(word)) return 'good'
  if (['Degraded', 'Failed', 'Error', 'CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull'].includes(word))
    return 'bad'
  if (['Paused', 'Inconclusive'].includes(word)) return 'wait'
  return 'plain'
}

/** The status word with its symbol in front. */
export function renderStatus(style: Style, word: string, tone: Tone = toneOf(word)): string {
  const { good, bad, wait, busy } = style.symbols
  const symbol = { good, bad, wait, plain: busy, dim: ' ' }[tone]
  return style.paint(tone, `${symbol} ${word}`)
}

const ESCAPES = new RegExp(`${ESC}\\[[0-9;]*m`, 'g')

/** Columns that the text takes on the screen. */
export const widthOf = (text: string): number => Array.from(text.replaceAll(ESCAPES, '')).length

/**
 * Text that came from the cluster, fit for a terminal: control characters would let an object's message move the cursor or fake a line.
 */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ')

/** Rows as columns, each as wide as its widest cell, two spaces apart. */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
  return rows
    .map((row) =>
      row
        .map((cell, index) =>
          index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell) + 2),
        )
        .join('')
        .trimEnd(),
    )
    .join('\n')
}
