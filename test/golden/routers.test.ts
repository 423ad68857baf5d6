/** The objects of every router before and after, for everything that it can carry: rewritten by `npm run golden -- --update` for review. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import {
  type RouterCapabilities,
  type RouterId,
  routerCapabilities,
  routerIds,
} from '../../controller/api/router-capabilities.ts'
import type { ManagedRoute, TrafficIntent } from '../../controller/api/traffic.ts'
import type { RouterObjects } from '../../controller/traffic/router.ts'
import { openRouter, routerContext, writeTraffic } from '../builders/router.ts'
import { colorRoutes, headerRoutes, MANAGED_NAMES, mirrorRoutes } from '../contract/routers/managed.ts'
import { samples } from '../contract/routers/samples.ts'

const fileOf = (id: RouterId): string =>
  fileURLToPath(new URL(`./routers/${id.replaceAll('/', '-')}.yaml`, import.meta.url))

/** A story in chapters: what is asked for, and the objects then. */
function tell(id: RouterId): string {
  const sample = samples[id]
  const context = routerContext({ managedRouteNames: MANAGED_NAMES, ...sample.context })
  const capabilities: RouterCapabilities = routerCapabilities[id]
  const router = openRouter(id, sample.config, context)
  const { maxWeight } = context
  const at = (canary: number, over: Partial<TrafficIntent> = {}): TrafficIntent => {
    const added = (over.additional ?? []).reduce((total, { weight }) => total + weight, 0)
    return { canary, stable: maxWeight - canary - added, additional: [], managedRoutes: [], ...over }
  }
  const routed = (route: ManagedRoute): readonly [string, TrafficIntent] => [
    `canary 10, and ${JSON.stringify(route)}`,
    at(10, { managedRoutes: [route] }),
  ]
  const chapters: readonly (readonly [string, TrafficIntent])[] = [
    ['canary 0', at(0)],
    ['canary 20', at(20)],
    ...[headerRoutes, colorRoutes, mirrorRoutes].flatMap((list) => list(capabilities).map(routed)),
    ...(capabilities.additional
      ? ([['an experiment of 5', at(10, { additional: [{ service: 'trial', weight: 5 }] })]] as const)
      : []),
    ['canary all', at(maxWeight)],
    ['and back: nothing is left', at(0)],
  ]
  let objects = sample.objects({ path: { type: 'PathPrefix', value: '/' } })
  const told = [chapter('as the user wrote it', objects)]
  for (const [title, wanted] of chapters) {
    objects = writeTraffic(router, objects, wanted)
    told.push(chapter(title, objects))
  }
  return told.join('\n')
}

const chapter = (title: string, objects: RouterObjects): string =>
  [`# ${title}\n`, ...Object.entries(objects).map(([key, object]) => `# ${key}\n---\n${render(object)}`)].join('')

const render = (object: RouterObjects[string]): string =>
  object === undefined ? '# absent\n' : stringify(object, { lineWidth: 150 })

describe('golden objects of routers', () => {
  for (const id of routerIds)
    test(id, () => {
      const story = tell(id)
      if (process.env.PENSTOCK_UPDATE_GOLDEN === '1') writeFileSync(fileOf(id), story)
      assert.equal(story, readFileSync(fileOf(id), 'utf8'))
    })
})
