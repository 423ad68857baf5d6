/** Two HTTPRoutes that both take managed routes. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Rule {
  readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[]
}
const rulesOf = (objects: RouterObjects): readonly Rule[] =>
  Object.values(objects).flatMap(
    (object) => (object as { spec?: { rules?: readonly Rule[] } } | undefined)?.spec?.rules ?? [],
  )

export const gatewayApiSample: RouterSample = {
  config: {
    httpRoutes: [
      { name: 'one', useHeaderRoutes: true },
      { name: 'two', useHeaderRoutes: true },
    ],
  },
  wrong: [
    { config: {}, names: 'httpRoute' },
    { config: { httpRoute: 7 }, names: 'httpRoute' },
    { config: { httpRoutes: [{}] }, names: 'httpRoutes.0.name' },
  ],
  objects(foreign) {
    const both = [
      { name: 'stable', port: 80, filters: [foreign] },
      { name: 'other', weight: 7 },
      { name: 'canary', port: 80, weight: 33 },
    ]
    const rules = [{ backendRefs: both, matches: [foreign] }, { backendRefs: [{ name: 'canary', weight: 4 }] }]
    const route = (name: string) =>
      ({ metadata: { name, namespace: 'web', resourceVersion: '5' }, spec: { foreign, rules } }) as KubeObject
    const kind = 'httproutes.gateway.networking.k8s.io'
    return structuredClone({ [`${kind}/web/one`]: route('one'), [`${kind}/web/two`]: route('two') })
  },
  weights: (objects) =>
    rulesOf(objects)
      .filter(({ backendRefs = [] }) => backendRefs.length > 1)
      .map(({ backendRefs = [] }) => [backendRefs[0]?.weight, backendRefs[2]?.weight]),
  unowned: (objects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { name?: string; port?: number }, key, value) {
        return key === 'weight' && this.port === 80 ? undefined : value
      }),
    ),
}
