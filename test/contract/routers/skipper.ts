/** A RouteGroup whose routes share default backends or have their own, one without routes, and an Ingress. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Reference {
  readonly backendName?: string
  readonly weight?: number
}
interface Group {
  readonly spec?: {
    readonly defaultBackends?: readonly Reference[]
    readonly routes?: readonly { readonly backends?: readonly Reference[] }[]
  }
}
const SHOP = 'routegroups.zalando.org/web/shop'
const PLAIN = 'routegroups.zalando.org/web/plain'
const INGRESS = 'ingresses.networking.k8s.io/web/shop'
const WEIGHTS = 'zalando.org/backend-weights'
const FIELD = 'plugins["penstock/skipper"]'

const group = (name: string, spec: object) => ({
  apiVersion: 'zalando.org/v1',
  kind: 'RouteGroup',
  metadata: { name, namespace: 'web', resourceVersion: '5' },
  spec,
})
const service = (name: string, serviceName: string) => ({ name, type: 'service', serviceName, servicePort: 80 })
const path = (name: string) => ({
  path: '/',
  pathType: 'Prefix',
  backend: { service: { name, port: { name: 'http' } } },
})
const weightsOf = (list: readonly Reference[] = []) =>
  ['old', 'new'].map((name) => list.find(({ backendName }) => backendName === name)?.weight)
const annotationOf = (objects: RouterObjects): Readonly<Record<string, number>> =>
  JSON.parse(objects[INGRESS]?.metadata.annotations?.[WEIGHTS] ?? '{}')

export const skipperSample: RouterSample = {
  config: { routeGroups: ['shop', 'plain'], ingresses: ['shop'] },
  wrong: [
    { config: {}, names: `${FIELD}.routeGroups` },
    { config: { routeGroups: [], ingresses: [] }, names: `${FIELD}.routeGroups` },
    { config: { routeGroups: 'shop' }, names: `${FIELD}.routeGroups` },
    { config: { ingresses: [''] }, names: `${FIELD}.ingresses.0` },
  ],
  objects(foreign) {
    const backends = [service('old', 'stable'), service('new', 'canary'), { name: 'gone', type: 'shunt' }]
    const pair = [
      { backendName: 'old', weight: 67 },
      { backendName: 'new', weight: 33 },
    ]
    const paths = [path('stable'), path('canary'), { ...path('stable'), path: '/old' }]
    return JSON.parse(
      JSON.stringify({
        [SHOP]: group('shop', {
          hosts: ['shop.example'],
          backends,
          defaultBackends: pair,
          routes: [
            { pathSubtree: '/', predicates: ['QueryParam("q")'], filters: [foreign] },
            { path: '/cart', methods: ['GET', 'POST'], backends: [{ backendName: 'gone', weight: 7 }, ...pair] },
            { path: '/gone', backends: [{ backendName: 'gone' }] },
          ],
        }) as KubeObject,
        [PLAIN]: group('plain', { hosts: ['plain.example'], backends, defaultBackends: pair, tls: foreign }),
        [INGRESS]: {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'Ingress',
          metadata: {
            name: 'shop',
            namespace: 'web',
            resourceVersion: '5',
            annotations: { [WEIGHTS]: '{"stable": 67, "canary": 33, "other": 0.5}' },
          },
          spec: { rules: [{ host: 'old.example', http: { paths } }], tls: foreign },
        },
      }),
    )
  },
  weights(objects) {
    const lists = [SHOP, PLAIN].flatMap((key) => {
      const { defaultBackends = [], routes = [] } = (objects[key] as Group | undefined)?.spec ?? {}
      return [defaultBackends, ...routes.map(({ backends = [] }) => backends)]
    })
    const { stable, canary } = annotationOf(objects)
    return [
      ...lists
        .filter((list) => list.some(({ backendName }) => backendName === 'old'))
        .map((list): readonly [unknown, unknown] => [weightsOf(list)[0], weightsOf(list)[1]]),
      [stable, canary],
    ]
  },
  unowned(objects) {
    const { stable: _stable, canary: _canary, ...others } = annotationOf(objects)
    const text = JSON.stringify(objects, function (this: Reference, key, value) {
      if (key === WEIGHTS) return others
      return key === 'weight' && this.backendName !== 'gone' ? undefined : value
    })
    return JSON.parse(text)
  },
}
