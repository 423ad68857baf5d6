/** A pod in short: the word that `kubectl get pods` shows, ready containers and restarts. Pure. */
import type { Pod } from '../cluster/picture.ts'

export interface PodView {
  readonly name: string
  readonly status: string
  readonly ready: number
  readonly containers: number
  readonly restarts: number
  readonly creationTimestamp?: string
}

export function viewPod(pod: Pod): PodView {
  const containers = pod.status?.containerStatuses ?? []
  return {
    name: pod.metadata.name,
    status: statusOf(pod),
    ready: containers.filter((container) => container.ready === true).length,
    containers: pod.spec?.containers?.length ?? containers.length,
    restarts: containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
    ...(pod.metadata.creationTimestamp === undefined ? {} : { creationTimestamp: pod.metadata.creationTimestamp }),
  }
}

/** The most telling word first: going away, what a container waits for or died of, then the phase. */
function statusOf(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating'
  const states = (pod.status?.containerStatuses ?? []).map((container) => container.state)
  const waiting = states.find((state) => state?.waiting?.reason !== undefined)?.waiting?.reason
  const ended = states.find((state) => state?.terminated)?.terminated
  return waiting ?? ended?.reason ?? pod.status?.reason ?? pod.status?.phase ?? 'Pending'
}
