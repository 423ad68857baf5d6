/** Times and lengths of time, for people and for JSON. Pure. */

export const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`

export function durationOf(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  const shown = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`)
  return shown.join('') || '0s'
}
