/** An HTTPProxy with a weighted route, one that is not the router's and connections; and one that delegates a path. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Service {
  readonly name?: string
  readonly weight?: number
  readonly mirror?: boolean
}
interface Proxy {
  readonly spec?: {
    readonly routes?: readonly { readonly services?: readonly Service[] }[]
    readonly tcpproxy?: { readonly services?: readonly Service[] }
  }
}
const SHOP = 'httpproxies.projectcontour.io/web/shop'
const API = 'httpproxies.projectcontour.io/web/shop-api'
const FIELD = 'plugins["argoproj-labs/contour"].httpProxies'

const services = [
  { name: 'stable', port: 80, weight: 67 },
  { name: 'other', port: 80, weight: 0 },
  { name: 'canary', port: 80, weight: 33, protocol: 'h2c' },
]

export const contourSample: RouterSample = {
  config: { httpProxies: ['shop', 'shop-api'] },
  wrong: [
    { config: {}, names: FIELD },
    { config: { httpProxies: 'shop' }, names: FIELD },
    { config: { httpProxies: [] }, names: FIELD },
    { config: { httpProxies: [''] }, names: `${FIELD}.0` },
  ],
  objects(foreign) {
    const proxy = (name: string, spec: object) => ({
      apiVersion: 'projectcontour.io/v1',
      kind: 'HTTPProxy',
      metadata: { name, namespace: 'web', resourceVersion: '5', generation: 3 },
      spec,
      status: { conditions: [{ type: 'Valid', status: 'True', observedGeneration: 3 }] },
    })
    return JSON.parse(
      JSON.stringify({
        [SHOP]: proxy('shop', {
          virtualhost: { fqdn: 'shop.example', tls: foreign },
          routes: [
            { conditions: [{ prefix: '/' }], timeoutPolicy: foreign, services },
            { conditions: [{ prefix: '/admin' }], services: [{ name: 'admin', port: 80, weight: 9 }] },
          ],
          tcpproxy: { services: services.map(({ name, weight }) => ({ name, port: 5432, weight })) },
        }) as KubeObject,
        [API]: proxy('shop-api', {
          routes: [
            {
              conditions: [{ prefix: '/api' }, { header: { name: 'X-Env', notcontains: 'old' } }],
              services: services.slice(0, 1).concat(services.slice(2)),
            },
          ],
        }) as KubeObject,
      }),
    )
  },
  weights(objects) {
    const lists = [SHOP, API].flatMap((key) => {
      const { routes = [], tcpproxy } = (objects[key] as Proxy | undefined)?.spec ?? {}
      return [...routes, ...(tcpproxy ? [tcpproxy] : [])].map(({ services: list = [] }) => list)
    })
    const weightOf = (list: readonly Service[], wanted: string) =>
      list.find(({ name, mirror }) => name === wanted && !mirror)?.weight
    return lists
      .filter((list) => list.some(({ name }) => name === 'stable'))
      .map((list) => [weightOf(list, 'stable'), weightOf(list, 'canary')])
  },
  unowned: (objects: RouterObjects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { name?: string }, key, value) {
        return key === 'weight' && (this.name === 'stable' || this.name === 'canary') ? undefined : value
      }),
    ),
}
