/** Waiting for conditions with a bound, and looking at processes. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const LONGEST_WAIT_MS = 15_000
const LOOK_EVERY_MS = 10

/** Resolves as soon as `holds`; throws with `what` and `detail()` when it never does. */
export async function waitFor(
  what: string,
  holds: () => boolean | Promise<boolean>,
  detail: () => unknown = () => '',
): Promise<void> {
  const deadlineMs = Date.now() + LONGEST_WAIT_MS
  while (!(await holds())) {
    if (Date.now() > deadlineMs) throw new Error(`waited in vain for: ${what} ${JSON.stringify(detail())}`)
    await sleep(LOOK_EVERY_MS)
  }
}

/** True while the process runs; one that has ended and only waits to be reaped does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return process.platform !== 'linux'
  }
}
