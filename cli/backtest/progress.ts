/** How far a backtest is, on standard error: one line that is drawn over on a terminal, a line now and then elsewhere. */
import type { Terminal } from '../terminal.ts'

export interface Progress {
  /** `what` begins, in so many parts. */
  begin(what: string, parts: number): void
  advance(): void
  /** Leaves the terminal clean. */
  end(): void
}

const WIDTH = 24
const CLEAR = '\r\u001b[K'
/** Elsewhere, lines at most so far apart. */
const LINE_SHARE = 0.25

export function createProgress({ err, isTty, unicode }: Terminal): Progress {
  let [what, parts, done, shown] = ['', 0, 0, 0]
  const bar = (): string => {
    const full = Math.round((WIDTH * done) / Math.max(1, parts))
    return `${(unicode ? '█' : '#').repeat(full)}${(unicode ? '░' : '.').repeat(WIDTH - full)}`
  }
  return {
    begin(name, count) {
      ;[what, parts, done, shown] = [name, count, 0, 0]
      if (isTty) err(`${CLEAR}${bar()} ${what}`)
    },
    advance() {
      done += 1
      if (isTty) err(`${CLEAR}${bar()} ${what} ${done} of ${parts}`)
      else if (done === parts || done - shown >= LINE_SHARE * parts) {
        shown = done
        err(`${what} ${done} of ${parts}\n`)
      }
    },
    end() {
      if (isTty) err(CLEAR)
    },
  }
}
