/** When a daily window in a time zone is open, and how long until it opens. Pure but for the time-zone tables of the runtime. */
import type { WaitUntilConfig } from '../api/step-plugin-config.ts'

export type DailyWindow = NonNullable<WaitUntilConfig['window']>

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const MINUTES_A_DAY = 1440

/** 0 while it is open; else the seconds until it opens, off by an hour at most where the clocks change in between. */
export function secondsUntilOpen(window: DailyWindow, nowMs: number): number {
  const { day, minute, second } = localTime(nowMs, window.timeZone ?? 'UTC')
  const [from, to] = [minutesOf(window.from), minutesOf(window.to)]
  const opensOn = (weekday: number): boolean =>
    window.days === undefined || window.days.some((name) => name === DAYS[((weekday % 7) + 7) % 7])
  const isPastMidnight = to < from
  const openedToday = opensOn(day) && minute >= from && (isPastMidnight || minute < to)
  const openedYesterday = isPastMidnight && opensOn(day - 1) && minute < to
  if (openedToday || openedYesterday) return 0
  const offsets = Array.from({ length: 8 }, (_, ahead) => ahead).filter(
    (ahead) => opensOn(day + ahead) && ahead * MINUTES_A_DAY + from > minute,
  )
  const [next = 7] = offsets
  return (next * MINUTES_A_DAY + from - minute) * 60 - second
}

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))

function localTime(nowMs: number, timeZone: string) {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const parts = Object.fromEntries(format.formatToParts(new Date(nowMs)).map(({ type, value }) => [type, value]))
  return {
    day: weekdayIndex(parts.weekday),
    minute: Number(parts.hour) * 60 + Number(parts.minute),
    second: Number(parts.second),
  }
}

const weekdayIndex = (name: string | undefined): number => (DAYS as readonly (string | undefined)[]).indexOf(name)
