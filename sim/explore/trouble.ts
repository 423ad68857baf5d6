/**
 * The one disturbance of a telling, by position: the n-th write of the controller, the n-th read, the n-th line of its watches. Counted with an
 * undisturbed telling as the measure; the counting is the same in both.
 */
import { createFaultBoard, type FaultBoard } from '../faults/board.ts'

/** Positions count from 1. */
export type Trouble =
  /** The controller dies at this write, which takes effect or is lost, and starts again with an empty memory. */
  | { readonly kind: 'crash'; readonly atWrite: number; readonly applied: boolean }
  /** This read shows what it reads as it was so many changes of its kind ago. */
  | { readonly kind: 'stale'; readonly atRead: number; readonly versions: number }
  /** Every watch of this kind is so many lines behind. */
  | { readonly kind: 'late'; readonly plural: string; readonly lines: number }
  /** This line of a watch never arrives; the kind is listed anew a while later. */
  | { readonly kind: 'drop'; readonly atLine: number }
  /** Somebody else writes the object of this write a moment before it takes effect, and changes nothing that matters. */
  | { readonly kind: 'touch'; readonly atWrite: number }
  /** This write is sent twice by what lies between; the second answer is what comes back. */
  | { readonly kind: 'repeat'; readonly atWrite: number }

export function renderTrouble(trouble: Trouble | undefined): string {
  switch (trouble?.kind) {
    case undefined:
      return 'undisturbed'
    case 'crash':
      return `dies at write ${trouble.atWrite}, ${trouble.applied ? 'applied' : 'lost'}`
    case 'stale':
      return `read ${trouble.atRead} is ${trouble.versions} versions old`
    case 'late':
      return `watches of ${trouble.plural} are ${trouble.lines} lines behind`
    case 'drop':
      return `line ${trouble.atLine} of the watches is lost`
    case 'touch':
      return `write ${trouble.atWrite} meets a newer object`
    case 'repeat':
      return `write ${trouble.atWrite} arrives twice`
  }
}

const patterns: readonly (readonly [RegExp, (...found: string[]) => Trouble])[] = [
  [
    /^dies at write (\d+), (applied|lost)$/,
    (at, how) => ({ kind: 'crash', atWrite: Number(at), applied: how === 'applied' }),
  ],
  [
    /^read (\d+) is (\d+) versions old$/,
    (at, versions) => ({ kind: 'stale', atRead: Number(at), versions: Number(versions) }),
  ],
  [
    /^watches of (\w+) are (\d+) lines behind$/,
    (plural = '', lines) => ({ kind: 'late', plural, lines: Number(lines) }),
  ],
  [/^line (\d+) of the watches is lost$/, (at) => ({ kind: 'drop', atLine: Number(at) })],
  [/^write (\d+) meets a newer object$/, (at) => ({ kind: 'touch', atWrite: Number(at) })],
  [/^write (\d+) arrives twice$/, (at) => ({ kind: 'repeat', atWrite: Number(at) })],
]

/** Of the words in which it is told. Throws when they are of none. */
export function parseTrouble(words: string): Trouble | undefined {
  if (words === renderTrouble(undefined)) return undefined
  for (const [pattern, make] of patterns) {
    const found = pattern.exec(words)
    if (found) return make(...found.slice(1))
  }
  throw new Error(`nothing that can go wrong is called "${words}"`)
}

/** What a telling went through, in order: the positions at which another can be disturbed. */
export interface Passage {
  /** `verb plural/name` of every write that took effect. */
  readonly writes: string[]
  /** `verb plural` of every read. */
  readonly reads: string[]
  /** Plural of every line of a watch. */
  readonly lines: string[]
}

/** How far a telling has come: so many writes, reads and lines. */
export type Position = Readonly<Record<keyof Passage, number>>

export const positionIn = ({ writes, reads, lines }: Passage): Position => ({
  writes: writes.length,
  reads: reads.length,
  lines: lines.length,
})

export const emptyPassage = (): Passage => ({ writes: [], reads: [], lines: [] })

/** So long after a line was lost its kind is listed anew, as when the server ends the watch. */
export const RELIST_AFTER_MS = 4_000

export interface BoardOptions {
  readonly nowMs: () => number
  readonly trouble: Trouble | undefined
  readonly passage: Passage
  /** How many versions of the store ago the `changes`-th last change of a kind was; 0 when there was none. */
  readonly findAge: (plural: string, changes: number) => number
  readonly onLost: (plural: string) => void
  /** A read reaches the API server. */
  readonly onRead: (verb: 'get' | 'list', plural: string) => void
}

/** A board that also notes every read and line. */
export function createTroubleBoard({ nowMs, trouble, passage, findAge, onLost, onRead }: BoardOptions): FaultBoard {
  const board = createFaultBoard(nowMs)
  return {
    ...board,
    watchLag: (plural) => (trouble?.kind === 'late' && trouble.plural === plural ? trouble.lines : 0),
    takeStaleness(plural, verb) {
      passage.reads.push(`${verb} ${plural}`)
      onRead(verb, plural)
      const isDue = trouble?.kind === 'stale' && trouble.atRead === passage.reads.length
      return isDue ? findAge(plural, trouble.versions) : 0
    },
    takeWatchLine(plural) {
      passage.lines.push(plural)
      if (trouble?.kind !== 'drop' || trouble.atLine !== passage.lines.length) return undefined
      onLost(plural)
      return 'drop'
    },
  }
}
