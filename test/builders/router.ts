/** What a traffic router is asked with, and its writes played against objects as an API server would: enough for any router's tests. */
import { applyPatch, type Operation } from 'rfc6902'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { RouterId } from '../../controller/api/router-capabilities.ts'
import type { TrafficIntent } from '../../controller/api/traffic.ts'
import { routerRegistry } from '../../controller/traffic/registry.ts'
import {
  type Router,
  type RouterContext,
  type RouterObjects,
  type RouterWrite,
  refKey,
} from '../../controller/traffic/router.ts'

export const routerContext = (over: Partial<RouterContext> = {}): RouterContext => ({
  namespace: 'web',
  rollout: 'shop',
  owner: {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    name: 'shop',
    uid: 'rollout-uid',
    controller: true,
    blockOwnerDeletion: true,
  },
  stableService: 'stable',
  canaryService: 'canary',
  maxWeight: 100,
  managedRouteNames: [],
  revisions: [],
  ...over,
})

/** The rest of 100 goes to stable. */
export const trafficIntent = (canary: number, over: Partial<TrafficIntent> = {}): TrafficIntent => {
  const added = (over.additional ?? []).reduce((total, { weight }) => total + weight, 0)
  return { canary, stable: 100 - canary - added, additional: [], managedRoutes: [], ...over }
}

export function openRouter(id: RouterId, config: unknown, context: RouterContext = routerContext()): Router {
  const router = routerRegistry[id].configure(config, context)
  if ('problem' in router) throw new Error(router.problem)
  return router
}

/** The objects once the router has written what is wanted. Throws when a patch does not fit the object that it was rendered for. */
export function writeTraffic(router: Router, objects: RouterObjects, wanted: TrafficIntent): RouterObjects {
  return router.render(wanted, objects).reduce(applyWrite, structuredClone(objects))
}

function applyWrite(objects: RouterObjects, write: RouterWrite): RouterObjects {
  const key = refKey(write.ref)
  if (write.do === 'delete') return { ...objects, [key]: undefined }
  if (write.do === 'create') return { ...objects, [key]: withServerFields(write.object) }
  const object = structuredClone(objects[key])
  const failures = applyPatch(object, write.patch as Operation[]).filter((failure) => failure !== null)
  if (failures.length > 0) throw new Error(`${key}: ${failures.map(({ message }) => message).join(', ')}`)
  return { ...objects, [key]: object }
}

const withServerFields = (object: KubeObject): KubeObject => ({
  ...structuredClone(object),
  metadata: { ...structuredClone(object.metadata), resourceVersion: '5', generation: 1 },
})
