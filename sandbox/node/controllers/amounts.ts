/** Counts given as a number or a percentage of a total. Pure. */
export function resolveAmount(value: number | string, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return Math.max(0, value)
  const percent = /^(\d+)%$/.exec(value)?.[1]
  if (percent === undefined) return 0
  // Integer arithmetic first: 0.07 * 100 would round up to 8.
  const share = (Number(percent) * total) / 100
  return rounding === 'up' ? Math.ceil(share) : Math.floor(share)
}
