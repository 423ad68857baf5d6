/**
 * Virtual time: one heap of events, run one after the other, with everything that an event sets in motion settled before the next. An event is a
 * moment at which something crosses the edge of a process: a call that reaches the API server, an answer or a watch line that reaches the controller,
 * a timer, a step of a model. It knows no Kubernetes.
 */
import { createHash } from 'node:crypto'
import { createEventHeap, type Scheduled } from './event-heap.ts'
import type { SeededRandom } from './random.ts'

export interface KernelEvent extends Scheduled {
  /** What the event log says; undefined: not worth a line. */
  readonly label: string | undefined
  isCancelled: boolean
}

export interface Kernel {
  /** Virtual milliseconds since the start. */
  now(): number
  /** Runs `run` after `delayMs`; the answer cancels it. `label` is one line of the log, and must not depend on the process that hosts the run. */
  schedule(delayMs: number, label: string | undefined, run: () => void): () => void
  /** Writes a line to the log at the present moment. */
  note(line: string): void
  /** Runs the next event and settles. False when there is none. */
  step(): Promise<boolean>
  /** Events run so far. */
  steps(): number
  /** All lines, each `<ms> <what>`. */
  lines(): readonly string[]
  /** SHA-256 of all lines, shortened to 16 hex digits. */
  hash(): string
}

/** All promises and ticks run before an immediate does. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** `afterEvent` sees the world when an event has settled. */
export function createKernel(random: SeededRandom, afterEvent: (label: string) => void = () => {}): Kernel {
  const heap = createEventHeap<KernelEvent>()
  const lines: string[] = []
  let nowMs = 0
  let steps = 0
  const note = (line: string): void => void lines.push(`${nowMs} ${line}`)
  return {
    now: () => nowMs,
    note,
    schedule(delayMs, label, run) {
      const dueMs = nowMs + Math.max(0, Math.ceil(delayMs))
      const event: KernelEvent = { dueMs, tie: random.bits(), label, run, isCancelled: false }
      heap.push(event)
      return () => {
        event.isCancelled = true
      }
    },
    async step() {
      let event = heap.pop()
      while (event?.isCancelled) event = heap.pop()
      if (!event) return false
      nowMs = Math.max(nowMs, event.dueMs)
      steps += 1
      if (event.label !== undefined) note(event.label)
      event.run()
      await settle()
      afterEvent(event.label ?? 'timer')
      return true
    },
    steps: () => steps,
    lines: () => lines,
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16),
  }
}
