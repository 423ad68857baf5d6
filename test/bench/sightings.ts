/**
 * Sees writes of the controller as they happen, by the cluster's own watches: when a rollout's route gives stable everything, and when a
 * new spec is first acted upon. Times are monotonic milliseconds. It must not write.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import { controllerOf } from '../../controller/kube/apply.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { HttpRoute } from '../../sandbox/gateway/objects.ts'
import type { Stage } from './stage.ts'

type Caches = Stage['caches']

export const canaryWeight = (route: HttpRoute | undefined): number | undefined =>
  route?.spec?.rules?.[0]?.backendRefs?.find(({ name }) => name.endsWith('-canary'))?.weight

/** Resolves with the time at which the HTTPRoute of `name` gives the canary nothing. */
export const seeAllWeightAtStable = (caches: Caches, name: string): Promise<number> =>
  until(`route ${name} to give stable everything`, (found) =>
    caches.routes.subscribe(({ object }) => {
      if (object.metadata.name === name && canaryWeight(object) === 0) found()
    }),
  )

/** Resolves with the time of the first write to the Rollout or its ReplicaSets; the change of the spec itself does not count. */
export const seeFirstWrite = (caches: Caches, name: string): Promise<number> =>
  until(`a first write for ${name}`, (found) => {
    const generation = caches.rollouts.list().find((rollout) => rollout.metadata.name === name)?.metadata.generation
    const ofRollout = caches.rollouts.subscribe((change) => {
      const { metadata } = change.object
      if (metadata.name !== name || change.type !== 'updated') return
      const isSpecChange = change.previous.metadata.generation !== metadata.generation
      if (!isSpecChange && metadata.generation !== generation) found()
    })
    const ofReplicaSets = caches.replicaSets.subscribe(({ type, object }) => {
      if (type === 'added' && isOwnedBy(object, name)) found()
    })
    return () => {
      ofRollout()
      ofReplicaSets()
    }
  })

const isOwnedBy = (object: KubeObject, name: string): boolean => controllerOf(object)?.name === name

const SEEN_WITHIN_MS = 15_000

function until(what: string, subscribe: (found: () => void) => () => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const cancel = clock.setTimer(SEEN_WITHIN_MS, () => {
      unsubscribe()
      reject(new Error(`waited ${SEEN_WITHIN_MS / 1000} s for ${what}`))
    })
    const unsubscribe = subscribe(() => {
      cancel()
      unsubscribe()
      resolve(clock.monotonicMs())
    })
  })
}
