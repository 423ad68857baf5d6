/** A heap of events by due time; what is due at the same moment goes by a random tie-break, so that the seed decides every race. */

export interface Scheduled {
  readonly dueMs: number
  readonly tie: number
  readonly run: () => void
}

export interface EventHeap<T extends Scheduled> {
  push(event: T): void
  /** The earliest; undefined when empty. */
  pop(): T | undefined
  size(): number
}

const isBefore = (a: Scheduled, b: Scheduled): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.tie < b.tie)

export function createEventHeap<T extends Scheduled>(): EventHeap<T> {
  const heap: T[] = []

  function rise(event: T): void {
    let at = heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = event
  }

  function sink(event: T): void {
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      let child = heap[below]
      const other = heap[below + 1]
      if (child !== undefined && other !== undefined && isBefore(other, child)) {
        below += 1
        child = other
      }
      if (child === undefined || !isBefore(child, event)) break
      heap[at] = child
      at = below
    }
    heap[at] = event
  }

  return {
    push: rise,
    pop() {
      const first = heap[0]
      const last = heap.pop()
      if (last !== undefined && heap.length > 0) sink(last)
      return first
    },
    size: () => heap.length,
  }
}
