/** Two Mappings, one with a scheme, a namespace and a port in its service, and no copies yet. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterSample } from './sample.ts'

interface Mapping extends KubeObject {
  readonly spec?: { readonly weight?: number }
}
const KIND = 'mappings.getambassador.io'
const NAMES = ['pages', 'api'] as const

export const ambassadorSample: RouterSample = {
  config: { mappings: [...NAMES] },
  wrong: [
    { config: {}, names: 'ambassador.mappings' },
    { config: { mappings: [] }, names: 'ambassador.mappings' },
    { config: { mappings: [7] }, names: 'ambassador.mappings.0' },
  ],
  objects(foreign) {
    const mapping = (name: string, prefix: string, service: string) => ({
      apiVersion: 'getambassador.io/v3alpha1',
      kind: 'Mapping',
      metadata: { name, namespace: 'web', resourceVersion: '5', labels: { 'app.kubernetes.io/instance': 'shop' } },
      spec: { hostname: 'shop.example', prefix, service, labels: foreign, headers: { 'x-tenant': 'a' } },
    })
    return JSON.parse(
      JSON.stringify({
        [`${KIND}/web/pages`]: mapping('pages', '/', 'stable'),
        [`${KIND}/web/api`]: mapping('api', '/api/', 'http://stable.web:80'),
      } as Record<string, KubeObject>),
    )
  },
  weights: (objects) =>
    NAMES.map((name) => {
      const copy: Mapping | undefined = objects[`${KIND}/web/${name}-canary`]
      const canary = copy?.spec?.weight ?? 0
      return [100 - canary, canary]
    }),
  unowned: (objects) => NAMES.map((name) => objects[`${KIND}/web/${name}`]),
}
