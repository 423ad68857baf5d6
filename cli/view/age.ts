/** Spans of time as kubectl prints them: two units at most, never negative. Pure. */

const units: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
]

/** `95_000` → `1m35s`; from a day up the second unit is hours, from ten days up days alone. */
export function renderSpan(spanMs: number): string {
  const seconds = Math.max(0, Math.floor(spanMs / 1000))
  const first = units.findIndex(([, size]) => seconds >= size)
  const [unit, size] = units[first] ?? ['s', 1]
  const count = Math.floor(seconds / size)
  const [nextUnit, nextSize] = units[first + 1] ?? ['', 1]
  const rest = nextUnit === '' || count >= 10 ? 0 : Math.floor((seconds - count * size) / nextSize)
  return rest === 0 ? `${count}${unit}` : `${count}${unit}${rest}${nextUnit}`
}

/** Age of an object created at `creationTimestamp`; '' when it does not say. */
export function renderAge(creationTimestamp: string | undefined, nowMs: number): string {
  const createdMs = Date.parse(creationTimestamp ?? '')
  return Number.isNaN(createdMs) ? '' : renderSpan(nowMs - createdMs)
}
