/**
 * Two Rollouts take turns on one route, with everything that they can ask for, as an API server stores it. After each write both read what they
 * asked for and would write nothing more; when both are at rest, the route is as its user left it.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ManagedRoute, TrafficIntent } from '../../../../controller/api/traffic.ts'
import type { Router, RouterObjects } from '../../../../controller/traffic/router.ts'
import { trafficIntent, writeTraffic } from '../../../builders/router.ts'
import { open, type Route, type Rule, route, SHOP } from './routes.ts'

const pool: readonly ManagedRoute[] = [
  { kind: 'header', name: 'beta', match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] },
  { kind: 'header', name: 'gamma', match: [{ headerName: 'x-gamma', headerValue: { prefix: 'a.b' } }] },
  { kind: 'color', name: 'vip', match: [{ cookies: [{ name: 'color', value: { exact: 'b' } }] }] },
  { kind: 'mirror', name: 'shadow', match: [{ method: { exact: 'GET' } }], percentage: 25 },
  { kind: 'mirror', name: 'copy', match: [{}], percentage: 100 },
]
const managedRouteNames = pool.map(({ name }) => name)

const pair = (stable: string, canary: string) => [
  { name: stable, port: 80, weight: 100 },
  { name: canary, port: 80, weight: 0 },
]
const path = (value: string) => [{ path: { type: 'PathPrefix', value } }]
const mine = pair('stable', 'canary')
const theirs = pair('blog-stable', 'blog-canary')
/** A user's rules: of each Rollout, of both, of one Service, and of nobody. */
const userRules: readonly Rule[] = [
  { matches: path('/always'), backendRefs: [{ name: 'canary', port: 80, weight: 4 }] },
  { matches: path('/'), backendRefs: mine, filters: [{ type: 'URLRewrite' }] },
  { name: 'blog', matches: path('/blog'), backendRefs: [...theirs, { name: 'legacy', port: 80, weight: 7 }] },
  { matches: path('/both'), backendRefs: [...mine, ...theirs] },
  { matches: path('/old'), filters: [{ type: 'RequestRedirect' }], backendRefs: [] },
]

const intents: fc.Arbitrary<TrafficIntent> = fc
  .record({
    canary: fc.integer({ min: 0, max: 90 }),
    managedRoutes: fc.subarray([...pool]),
    additional: fc.subarray([
      { service: 'trial-1', weight: 3 },
      { service: 'trial-2', weight: 5, port: 8080 },
    ]),
  })
  .map(({ canary, ...over }) => trafficIntent(canary, over))

/** Services of experiments bear the experiment's name, and so the Rollout's. */
const forBlog = ({ additional, ...wanted }: TrafficIntent): TrafficIntent => ({
  ...wanted,
  additional: additional.map((one) => ({ ...one, service: `blog-${one.service}` })),
})

/** Names go where the CRD does not know them; defaults come. */
function store(objects: RouterObjects, keepsNames: boolean): RouterObjects {
  const object = objects[SHOP] as Route
  const rules: readonly Rule[] = object.spec.rules.map(({ name, ...rule }) => ({
    ...rule,
    ...(keepsNames && name !== undefined ? { name } : {}),
    matches: (rule.matches ?? [{}]).map((match) => ({ path: { type: 'PathPrefix', value: '/' }, ...match })),
    backendRefs: (rule.backendRefs ?? []).map((ref) => ({ group: '', kind: 'Service', weight: 1, ...ref })),
  }))
  const stored: Route = { ...object, spec: { ...object.spec, rules } }
  return { [SHOP]: stored }
}

const withoutWeights = (rules: readonly Rule[]) =>
  rules.map((rule) => ({ ...rule, backendRefs: (rule.backendRefs ?? []).map(({ weight: _weight, ...ref }) => ref) }))

describe('two Rollouts on one route', () => {
  const first = open({ httpRoute: 'shop' }, { managedRouteNames })
  const blog = { rollout: 'blog', stableService: 'blog-stable', canaryService: 'blog-canary', managedRouteNames }
  const second = open({ httpRoute: 'shop' }, blog)
  const turns = fc.array(fc.tuple(fc.boolean(), intents), { minLength: 1, maxLength: 8 })

  for (const keepsNames of [true, false])
    test(`whatever they ask for (names ${keepsNames ? 'kept' : 'dropped'})`, () => {
      const check = (router: Router, objects: RouterObjects, wanted: TrafficIntent): void => {
        const { programmedCanary, managedRoutes, additional, problem, marksFit } = router.read(objects)
        assert.deepEqual(
          { programmedCanary, managedRoutes, additional, problem, marksFit },
          {
            programmedCanary: wanted.canary,
            managedRoutes: wanted.managedRoutes.map((one) => ({ route: one, intact: true })),
            additional: Object.fromEntries(wanted.additional.map(({ service, weight }) => [service, weight])),
            problem: undefined,
            marksFit: undefined,
          },
        )
        assert.deepEqual(router.render(wanted, objects), [])
      }
      fc.assert(
        fc.property(turns, (list) => {
          const before = store({ [SHOP]: route(userRules) }, keepsNames)
          let objects = before
          for (const [isFirst, asked] of list) {
            const [router, wanted] = isFirst ? [first, asked] : [second, forBlog(asked)]
            objects = store(writeTraffic(router, objects, wanted), keepsNames)
            check(router, objects, wanted)
          }
          for (const router of [first, second, first])
            objects = store(writeTraffic(router, objects, trafficIntent(0)), keepsNames)
          for (const router of [first, second]) check(router, objects, trafficIntent(0))
          assert.deepEqual(objects, before)
          const { rules } = (objects[SHOP] as Route).spec
          assert.deepEqual(withoutWeights(rules), withoutWeights((before[SHOP] as Route).spec.rules))
        }),
        { seed: 7, numRuns: 150 },
      )
    })
})
