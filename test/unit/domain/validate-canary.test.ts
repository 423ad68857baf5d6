/** Rules about a canary as a whole: Services, budget, routers, background analysis, anti-affinity. Words that other tools match on are Argo's. */
import { accepts, canary, type Row, refuses, UNSUPPORTED } from './validation-table.ts'

const at = 'spec.strategy.canary'
const NATURAL = 'must be greater than or equal to 0'
const SERVICES = 'Canary service and Stable service must to be set to use Traffic Routing'
const PAIR = 'Ping service and Pong service must to be set to use Ping-Pong feature'
const plugins = { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } }
const routed = (more: object) => canary({ trafficRouting: { plugins, ...more } })
const pingPong = { pingService: 'ping', pongService: 'pong' }
const analysis = (more: object) =>
  canary({ analysis: { templates: [{ templateName: 't' }], ...more }, steps: [{ setWeight: 1 }] })
const argument = (fieldPath: string) => ({ args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath } } }] })
const preferred = (weight: number) => ({ preferredDuringSchedulingIgnoredDuringExecution: { weight } })
const required = { requiredDuringSchedulingIgnoredDuringExecution: {} }

const rows: readonly Row[] = [
  [
    'equal Services',
    canary({ canaryService: 'stable' }),
    `${at}.stableService`,
    'This rollout uses the same service for the stable and canary services, but two different services are required.',
  ],
  ['routing without a stable Service', canary({ stableService: undefined }), `${at}.stableService`, SERVICES],
  ['routing without a canary Service', canary({ canaryService: '' }), `${at}.canaryService`, SERVICES],
  [
    'a delay without routing',
    canary({ scaleDownDelaySeconds: 3 }, false),
    `${at}.scaleDownDelaySeconds`,
    'Canary scaleDownDelaySeconds can only be used with traffic routing',
  ],
  [
    'dynamic scale without routing',
    canary({ dynamicStableScale: true }, false),
    `${at}.dynamicStableScale`,
    'Canary dynamicStableScale can only be used with traffic routing',
  ],
  [
    'dynamic scale with a delay',
    canary({ dynamicStableScale: true, scaleDownDelaySeconds: 30 }),
    `${at}.dynamicStableScale`,
    'Canary dynamicStableScale cannot be used with scaleDownDelaySeconds',
  ],
  ['negative delay', canary({ scaleDownDelaySeconds: -1 }), `${at}.scaleDownDelaySeconds`, NATURAL],
  ['negative limit', canary({ scaleDownDelayRevisionLimit: -1 }), `${at}.scaleDownDelayRevisionLimit`, NATURAL],
  ['negative abort delay', canary({ abortScaleDownDelaySeconds: -1 }), `${at}.abortScaleDownDelaySeconds`, NATURAL],
  ['negative floor', canary({ minPodsPerReplicaSet: -1 }), `${at}.minPodsPerReplicaSet`, NATURAL],
  [
    'no budget',
    canary({ maxSurge: 0, maxUnavailable: '0%' }),
    `${at}.maxSurge`,
    'MaxSurge and MaxUnavailable both can not be zero',
  ],
  [
    'no budget in percent',
    canary({ maxSurge: '0%', maxUnavailable: '0%' }),
    `${at}.maxSurge`,
    'MaxSurge and MaxUnavailable both can not be zero',
  ],
  ['a surge of words', canary({ maxSurge: 'many' }), `${at}.maxSurge`, 'must be a number of pods or a percentage'],
  ['a negative surge', canary({ maxSurge: -1 }), `${at}.maxSurge`, 'must be a number of pods or a percentage'],
  [
    'a number in quotes',
    canary({ maxUnavailable: '1' }),
    `${at}.maxUnavailable`,
    'must be a number of pods or a percentage',
  ],
  ['no router', canary({ trafficRouting: {} }), `${at}.trafficRouting`, 'names no router'],
  ['no plugin', canary({ trafficRouting: { plugins: {} } }), `${at}.trafficRouting`, 'names no router'],
  [
    'another plugin',
    canary({ trafficRouting: { plugins: { 'acme/router': {} } } }),
    `${at}.trafficRouting.plugins["acme/router"]`,
    UNSUPPORTED,
  ],
  [
    'another total for a router that has 100',
    canary({ trafficRouting: { istio: {}, maxTrafficWeight: 1000 } }),
    `${at}.trafficRouting.maxTrafficWeight`,
    'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins',
  ],
  [
    'a total of nothing',
    routed({ maxTrafficWeight: 0 }),
    `${at}.trafficRouting.maxTrafficWeight`,
    'must be greater than 0',
  ],
  [
    'ping-pong by a router that cannot',
    canary({ pingPong, trafficRouting: { smi: {} } }),
    `${at}.trafficRouting`,
    'Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only',
  ],
  ['no ping', canary({ pingPong: { ...pingPong, pingService: '' } }), `${at}.pingPong.pingService`, PAIR],
  ['no pong', canary({ pingPong: { ...pingPong, pongService: '' } }), `${at}.pingPong.pongService`, PAIR],
  [
    'ping is pong',
    canary({ pingPong: { pingService: 'a', pongService: 'a' } }),
    `${at}.pingPong.pingService`,
    'This rollout uses the same service for the ping and pong services, but two different services are required.',
  ],
  [
    'ping-pong by ALB without a root',
    canary({ pingPong, trafficRouting: { alb: { ingress: 'a' } } }),
    `${at}.trafficRouting.alb.rootService`,
    'Root service field is required for the configuration with ALB and ping-pong feature enabled',
  ],
  ...(
    [
      ['nginx', 'StableIngress', {}, 'Neither'],
      ['nginx', 'StableIngress', { stableIngress: 'a', stableIngresses: ['b'] }, 'Both'],
      ['alb', 'Ingress', { stableIngress: 'a' }, 'Neither'],
      ['alb', 'Ingress', { ingress: 'a', ingresses: [] }, 'Both'],
    ] as const
  ).map(
    ([router, name, config, given]) =>
      [
        `${router} with ${given} of ${name} and ${name}es`,
        canary({ trafficRouting: { [router]: config } }),
        `${at}.trafficRouting.${router}`,
        `Either ${name} or ${name}es must be configured. ${given} are configured.`,
      ] as const,
  ),
  ['an analysis of nothing', canary({ analysis: { templates: [] } }), `${at}.analysis.templates`, 'names no template'],
  [
    'a template without a name',
    canary({ analysis: { templates: [{ templateName: '' }] } }),
    `${at}.analysis.templates[0].templateName`,
    'is required',
  ],
  [
    'an argument from metadata that nobody has',
    analysis(argument('metadata.annotation')),
    `${at}.analysis.args[0].valueFrom.fieldRef.fieldPath`,
    'Analyses arguments must refer to valid object metadata supported by downwardAPI',
  ],
  [
    'no kind of anti-affinity',
    canary({ antiAffinity: {} }),
    `${at}.antiAffinity`,
    'AntiAffinity must have exactly one strategy listed',
  ],
  [
    'both kinds of anti-affinity',
    canary({ antiAffinity: { ...preferred(1), ...required } }),
    `${at}.antiAffinity`,
    'AntiAffinity must have exactly one strategy listed',
  ],
  [
    'anti-affinity of weight 0',
    canary({ antiAffinity: preferred(0) }),
    `${at}.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution.weight`,
    'AntiAffinity weight must be between 1-100',
  ],
  [
    'anti-affinity of weight 101',
    canary({ antiAffinity: preferred(101) }),
    `${at}.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution.weight`,
    'AntiAffinity weight must be between 1-100',
  ],
  [
    'progress by an unknown measure',
    canary({ replicaProgressThreshold: { type: 'Half', value: 1 } }),
    `${at}.replicaProgressThreshold.type`,
    'must be one of: Percent, Pods',
  ],
]

refuses('a canary is refused for', rows)

accepts('a canary may have', {
  'nothing at all': canary({}, false),
  'no steps': canary({ steps: null }),
  'one Service without routing': canary({ canaryService: 'canary' }, false),
  'a surge alone': canary({ maxSurge: 0 }),
  'a percentage above 100': canary({ maxSurge: '150%' }),
  'another total by a plugin': routed({ maxTrafficWeight: 1000 }),
  'ping-pong without the other two Services': canary({ pingPong, canaryService: undefined, stableService: undefined }),
  'dynamic scale': canary({ dynamicStableScale: true }),
  'dynamic scale off beside a delay': canary({ dynamicStableScale: false, scaleDownDelaySeconds: 5 }),
  'more delayed revisions than are kept': canary({ scaleDownDelayRevisionLimit: 20 }),
  'an abort delay without routing': canary({ abortScaleDownDelaySeconds: 0 }, false),
  'one kind of anti-affinity': canary({ antiAffinity: required }),
  'anti-affinity of weight 100': canary({ antiAffinity: preferred(100) }),
  'an argument from a label': analysis(argument("metadata.labels['app']")),
  'an argument from a status that comes later': analysis(argument('status.alb.canaryTargetGroup.name')),
  'progress by percent': canary({ replicaProgressThreshold: { type: 'Percent', value: 90 } }),
})
