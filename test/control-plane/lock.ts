/**
 * Lets one process at a time do a long job on this machine, such as the build of the control plane. A lock whose owner
 * has died is taken over; a lock whose owner lives is waited for, with a bound.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface LockOptions {
  readonly path: string
  readonly timeoutMs: number
  /** Called once when somebody else holds the lock. */
  readonly onWait: (ownerPid: number) => void
}

export async function withLock<T>(options: LockOptions, job: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(options.path), { recursive: true })
  await takeLock(options)
  const release = () => rmSync(options.path, { force: true })
  process.once('exit', release)
  try {
    return await job()
  } finally {
    process.removeListener('exit', release)
    release()
  }
}

async function takeLock(options: LockOptions): Promise<void> {
  const deadline = Date.now() + options.timeoutMs
  let announced = false
  while (!tryTake(options.path)) {
    const owner = readOwner(options.path)
    if (owner !== undefined && !isAlive(owner)) {
      rmSync(options.path, { force: true })
      continue
    }
    if (Date.now() >= deadline) throw new Error(`The lock ${options.path} stayed taken: remove it and try again`)
    if (owner !== undefined && !announced) {
      announced = true
      options.onWait(owner)
    }
    await sleep(500)
  }
}

function tryTake(path: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The pid in the lock, or undefined while its owner is between creating and writing it. */
function readOwner(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
    return Number.isNaN(pid) ? undefined : pid
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
