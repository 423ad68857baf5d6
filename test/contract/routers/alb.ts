/** Two Ingresses of users: one of several hosts and Services, one whose only path leads to the action. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

const ACTION = 'alb.ingress.kubernetes.io/actions.root'
const LIST = 'rollouts.argoproj.io/managed-alb-annotations'
const KIND = 'ingresses.networking.k8s.io'

interface Action {
  readonly ForwardConfig: {
    readonly TargetGroups: readonly { readonly ServiceName: string; readonly Weight: number }[]
  }
}

export const albSample: RouterSample = {
  config: { ingresses: ['one', 'two'], rootService: 'root', servicePort: 443 },
  wrong: [
    { config: { servicePort: 80 }, names: 'alb.ingress' },
    { config: { ingress: 'one', ingresses: ['two'], servicePort: 80 }, names: 'alb.ingresses' },
    { config: { ingresses: [], servicePort: 80 }, names: 'alb.ingresses' },
    { config: { ingress: 'one' }, names: 'alb.servicePort' },
    {
      config: { ingress: 'one', servicePort: 80, stickinessConfig: { enabled: true, durationSeconds: 604_801 } },
      names: 'alb.stickinessConfig.durationSeconds',
    },
  ],
  objects(foreign) {
    const to = (name: string, path: string, port: object) => ({
      path,
      pathType: 'ImplementationSpecific',
      backend: { service: { name, port } },
    })
    const toAction = (name: string) => to(name, '/*', { name: 'use-annotation' })
    const one = {
      metadata: {
        name: 'one',
        namespace: 'web',
        resourceVersion: '5',
        annotations: {
          'alb.ingress.kubernetes.io/scheme': 'internal',
          'alb.ingress.kubernetes.io/actions.other': '{"Type":"redirect"}',
          [LIST]: '{"another":["alb.ingress.kubernetes.io/actions.other"]}',
        },
      },
      spec: {
        foreign,
        ingressClassName: 'alb',
        rules: [
          {
            host: 'shop.example.com',
            http: { paths: [to('api', '/api/*', { number: 80 }), toAction('root')] },
          },
          { host: 'other.example.com', http: { paths: [toAction('other')] } },
        ],
      },
    }
    const two = {
      metadata: { name: 'two', namespace: 'web', resourceVersion: '5' },
      spec: { foreign, rules: [{ http: { paths: [toAction('root')] } }] },
    }
    const objects = { [`${KIND}/web/one`]: one as KubeObject, [`${KIND}/web/two`]: two as KubeObject }
    return structuredClone<RouterObjects>(objects)
  },
  weights: (objects) =>
    Object.values(objects).map((object) => {
      const action = JSON.parse(object?.metadata.annotations?.[ACTION] ?? '{}') as Action
      const weightOf = (name: string) =>
        action.ForwardConfig.TargetGroups.find(({ ServiceName }) => ServiceName === name)?.Weight
      return [weightOf('stable'), weightOf('canary')] as const
    }),
  unowned: (objects) =>
    Object.values(objects).map((object) => {
      const { [ACTION]: _action, [LIST]: _list, ...theirs } = object?.metadata.annotations ?? {}
      return { ...object, metadata: { ...object?.metadata, annotations: theirs } }
    }),
}
