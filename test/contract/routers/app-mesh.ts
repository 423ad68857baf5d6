/** A VirtualService with its VirtualRouter, of two routes with the VirtualNodes and one to somebody else. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterSample } from './sample.ts'

interface Route {
  readonly name: string
  readonly httpRoute?: { readonly action: { readonly weightedTargets: readonly { readonly weight?: number }[] } }
  readonly tcpRoute?: Route['httpRoute']
}
interface Router extends KubeObject {
  readonly spec?: { readonly routes: readonly Route[] }
}
const GROUP = 'appmesh.k8s.aws'
const ROUTER = `virtualrouters.${GROUP}/web/shop`

export const appMeshSample: RouterSample = {
  config: {
    virtualService: { name: 'shop', routes: ['pages', 'raw'] },
    virtualNodeGroup: { canaryVirtualNodeRef: { name: 'new' }, stableVirtualNodeRef: { name: 'old' } },
  },
  wrong: [
    { config: {}, names: 'appMesh.virtualService' },
    { config: { virtualService: { name: 'shop' } }, names: 'appMesh.virtualNodeGroup' },
    {
      config: { virtualService: { name: 'shop' }, virtualNodeGroup: { stableVirtualNodeRef: { name: 'old' } } },
      names: 'appMesh.virtualNodeGroup.canaryVirtualNodeRef',
    },
  ],
  objects(foreign) {
    const metadata = (name: string) => ({ name, namespace: 'web', resourceVersion: '5' })
    const node = (name: string) => ({
      metadata: metadata(name),
      spec: { podSelector: { matchLabels: { app: 'shop' } }, listeners: foreign },
    })
    const both = {
      weightedTargets: [
        { virtualNodeRef: { name: 'new' }, port: 80 },
        { virtualNodeRef: { name: 'old' }, weight: 7 },
      ],
    }
    const provider = { virtualRouter: { virtualRouterRef: { name: 'shop' } } }
    const routes = [
      { name: 'pages', httpRoute: { match: { prefix: '/' }, action: both, timeout: foreign } },
      {
        name: 'other',
        httpRoute: { action: { weightedTargets: [{ virtualNodeRef: { name: 'new' }, weight: 1000 }] } },
      },
      { name: 'raw', tcpRoute: { action: both } },
    ]
    return JSON.parse(
      JSON.stringify({
        [`virtualservices.${GROUP}/web/shop`]: { metadata: metadata('shop'), spec: { awsName: foreign, provider } },
        [`virtualnodes.${GROUP}/web/old`]: node('old'),
        [`virtualnodes.${GROUP}/web/new`]: node('new'),
        [ROUTER]: { metadata: metadata('shop'), spec: { listeners: foreign, routes } },
      }),
    )
  },
  weights: (objects) => {
    const router: Router | undefined = objects[ROUTER]
    return (router?.spec?.routes ?? [])
      .filter(({ name }) => name !== 'other')
      .map(({ httpRoute, tcpRoute }) => {
        const targets = (httpRoute ?? tcpRoute)?.action.weightedTargets
        return [targets?.[1]?.weight, targets?.[0]?.weight]
      })
  },
  unowned: (objects) =>
    JSON.parse(
      JSON.stringify(objects, function (this: { virtualNodeRef?: object; weight?: unknown }, key, value) {
        if (key === 'weight' && this.virtualNodeRef && value !== 1000) return undefined
        return key === 'rollouts-pod-template-hash' || key === 'annotations' ? undefined : value
      }),
    ),
}
