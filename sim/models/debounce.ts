/** Work on a name a little later, once however often it was asked for meanwhile: how every controller of Kubernetes answers a change. */
import type { Kernel } from '../kernel/kernel.ts'
import type { SeededRandom } from '../kernel/random.ts'

export type Debounced = (name: string, delayMs?: number) => void

/** `spreadMs`: the least and the most time until the work is done, when no other delay is given. */
export function createDebounce(
  kernel: Kernel,
  random: SeededRandom,
  spreadMs: readonly [number, number],
  work: (name: string) => void,
): Debounced {
  const waiting = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>()
  return (name, delayMs = random.between(...spreadMs)) => {
    const dueMs = kernel.now() + delayMs
    const known = waiting.get(name)
    if (known && known.dueMs <= dueMs) return
    known?.cancel()
    const cancel = kernel.schedule(delayMs, undefined, () => {
      waiting.delete(name)
      work(name)
    })
    waiting.set(name, { dueMs, cancel })
  }
}
