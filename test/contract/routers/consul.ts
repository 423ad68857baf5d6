/** A ServiceResolver with a third subset, the splitter between its two parts, and a ServiceRouter of which one route goes elsewhere. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

interface Routed extends KubeObject {
  readonly spec?: {
    readonly splits?: readonly { readonly serviceSubset?: string; readonly weight?: number }[]
    readonly routes?: readonly { readonly destination?: { readonly serviceSubset?: string } }[]
  }
}
const [RESOLVER, SPLITTER, ROUTER] = ['serviceresolvers', 'servicesplitters', 'servicerouters'].map(
  (plural) => `${plural}.consul.hashicorp.com/web/shop`,
) as [string, string, string]

const objectOf = (kind: string, spec: object): KubeObject & { readonly spec: object; readonly status: object } => ({
  apiVersion: 'consul.hashicorp.com/v1alpha1',
  kind,
  metadata: { name: 'shop', namespace: 'web', resourceVersion: '5' },
  spec,
  status: { conditions: [{ type: 'Synced', status: 'True' }], lastSyncedTime: '2026-01-01T00:00:00Z' },
})

const at = (objects: RouterObjects, key: string): Routed | undefined => objects[key]

export const consulSample: RouterSample = {
  config: { serviceName: 'shop', stableSubsetName: 'stable', canarySubsetName: 'canary' },
  wrong: [
    {
      config: { stableSubsetName: 'stable', canarySubsetName: 'canary' },
      names: 'plugins["hashicorp/consul"].serviceName',
    },
    { config: { serviceName: 'shop', canarySubsetName: 'canary' }, names: 'stableSubsetName' },
    { config: { serviceName: 'shop', stableSubsetName: 'stable', canarySubsetName: '' }, names: 'canarySubsetName' },
    {
      config: {
        serviceName: 'shop',
        stableSubsetName: 'stable',
        canarySubsetName: 'canary',
        serviceMetaAnnotationSuffix: 'a b',
      },
      names: 'serviceMetaAnnotationSuffix',
    },
  ],
  objects: (foreign) =>
    structuredClone({
      [RESOLVER]: objectOf('ServiceResolver', {
        defaultSubset: 'stable',
        subsets: {
          stable: { filter: 'Service.Meta.version == 1', onlyPassing: true },
          canary: { filter: 'Service.Meta.version == 2' },
          beta: { filter: 'Service.Meta.version == beta', foreign },
        },
      }),
      [SPLITTER]: objectOf('ServiceSplitter', {
        splits: [
          { weight: 67, serviceSubset: 'stable', requestHeaders: foreign },
          { weight: 33, service: 'shop', serviceSubset: 'canary' },
        ],
        foreign,
      }),
      [ROUTER]: objectOf('ServiceRouter', {
        routes: [
          { match: { http: { pathPrefix: '/admin' } }, destination: { service: 'admin' } },
          {
            match: { http: { pathPrefix: '/', methods: ['GET'] } },
            destination: { numRetries: 3, retryOn: [foreign] },
          },
        ],
      }),
    }),
  weights: (objects) => {
    const splits = at(objects, SPLITTER)?.spec?.splits ?? []
    const weightOf = (name: string) => splits.find(({ serviceSubset }) => serviceSubset === name)?.weight
    return [[weightOf('stable'), weightOf('canary')]]
  },
  unowned: (objects) => {
    const [splitter, router] = [at(objects, SPLITTER), at(objects, ROUTER)]
    const splits = splitter?.spec?.splits?.map((split) => Object.entries(split).filter(([field]) => field !== 'weight'))
    const routes = router?.spec?.routes?.filter(({ destination }) => destination?.serviceSubset !== 'canary')
    return [
      objects[RESOLVER],
      { ...splitter, spec: { ...splitter?.spec, splits } },
      { ...router, spec: { ...router?.spec, routes } },
    ]
  },
}
