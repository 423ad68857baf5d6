/**
 * One control plane for all suites of a process: a start costs three seconds and 400 MB. It decides only when it starts
 * (at the first question) and ends (at `stopSharedControlPlane`, or with the process); suites keep apart by namespace.
 */
import type { ControlPlane } from './control-plane.ts'
import { startControlPlane } from './start.ts'

let shared: Promise<ControlPlane> | undefined

/** `prepare` runs once, before the controller manager starts: the place to apply CRDs. Later calls must pass the same. */
export function sharedControlPlane(prepare: (controlPlane: ControlPlane) => Promise<void>): Promise<ControlPlane> {
  shared ??= start(prepare)
  return shared
}

export async function stopSharedControlPlane(): Promise<void> {
  const running = shared
  shared = undefined
  await (await running?.catch(() => undefined))?.stop()
}

async function start(prepare: (controlPlane: ControlPlane) => Promise<void>): Promise<ControlPlane> {
  const controlPlane = await startControlPlane()
  try {
    await prepare(controlPlane)
    await controlPlane.startControllerManager()
    return controlPlane
  } catch (error) {
    await controlPlane.stop()
    throw error
  }
}
