/** A weighted TraefikService with a third Service in it, and an IngressRoute with one route that sends to it and one that does not. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Weighted {
  readonly spec?: { readonly weighted?: { readonly services?: readonly { readonly weight?: number }[] } }
}
const SERVICE = 'traefikservices.traefik.io/web/shop'

export const traefikSample: RouterSample = {
  config: { weightedTraefikServiceName: 'shop' },
  wrong: [
    { config: {}, names: 'traefik.weightedTraefikServiceName' },
    { config: { weightedTraefikServiceName: '' }, names: 'traefik.weightedTraefikServiceName' },
    { config: { weightedTraefikServiceName: 7 }, names: 'traefik.weightedTraefikServiceName' },
  ],
  objects(foreign) {
    const services = [
      { name: 'stable', port: 80, foreign },
      { name: 'other', port: 80, weight: 7 },
      { name: 'canary', port: 80, weight: 33, passHostHeader: true },
    ]
    const metadata = { name: 'shop', namespace: 'web', resourceVersion: '5' }
    const toShop = { kind: 'TraefikService', name: 'shop' }
    const routes = [
      { kind: 'Rule', match: 'Host(`shop.example`)', services: [toShop], middlewares: [foreign] },
      { kind: 'Rule', match: 'Host(`shop.example`) && PathPrefix(`/admin`)', services: [{ name: 'admin', port: 80 }] },
    ]
    return JSON.parse(
      JSON.stringify({
        [SERVICE]: { metadata, spec: { weighted: { services, sticky: foreign } } } as KubeObject,
        'ingressroutes.traefik.io/web/shop': {
          metadata,
          spec: { entryPoints: ['web'], routes, tls: foreign },
        } as KubeObject,
      }),
    )
  },
  weights: (objects) => {
    const { services = [] } = (objects[SERVICE] as Weighted | undefined)?.spec?.weighted ?? {}
    return [[services[0]?.weight, services[2]?.weight]]
  },
  unowned: (objects: RouterObjects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { name?: string }, key, value) {
        return key === 'weight' && (this.name === 'stable' || this.name === 'canary') ? undefined : value
      }),
    ),
}
