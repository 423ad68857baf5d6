/** Rules about the steps of a canary. Words that other tools match on are Argo's. */
import { accepts, canary, type Row, refuses, step } from './validation-table.ts'

const at = 'spec.strategy.canary.steps[0]'
const list = 'spec.strategy.canary.trafficRouting.managedRoutes'
const KEYS = 'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause'
const DURATION = 'Duration needs to be greater than 0'
const SCALE = 'exactly one of replicas, weight, matchTrafficWeight must be set'
const NO_MATCH = 'StringMatch value missed, match value must have one of the following: exact, regex, prefix'
const TWO_MATCHES = 'StringMatch match value must have exactly one of the following: exact, regex, prefix'
const EXACT = "SetHeaderRoute match value invalid. ALB supports 'exact' value only"
const METADATA = 'Analyses arguments must refer to valid object metadata supported by downwardAPI'

const alb = { ingress: 'shop' }
const gateway = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } }
const managedRoutes = [{ name: 'beta' }]
/** One step with a router that has one managed route. */
const on = (trafficRouting: object, odd: object) =>
  canary({ trafficRouting: { managedRoutes, ...trafficRouting }, steps: [odd] })
const header = (headerValue: object | undefined, router: object = gateway) =>
  on(router, { setHeaderRoute: { name: 'beta', match: [{ headerName: 'x-beta', headerValue }] } })
const mirror = (match: object, more: object = {}) =>
  on(gateway, { setMirrorRoute: { name: 'beta', match: [match], ...more } })
const experiment = (template: object, router: object = gateway) =>
  on(router, { experiment: { templates: [{ name: 'new', specRef: 'canary', ...template }] } })
const templates = [{ templateName: 't' }]
const argument = (fieldPath: string) => [{ name: 'a', valueFrom: { fieldRef: { fieldPath } } }]

const rows: readonly Row[] = [
  ['no key', step({}), at, KEYS],
  ['two keys', step({ setWeight: 1, pause: {} }), at, KEYS],
  ['a key that nobody knows', step({ wait: '5m' }), at, KEYS],
  ['an analysis and a pause', step({ analysis: { templates: [{ templateName: 'a' }] }, pause: {} }), at, KEYS],
  ['a weight above', step({ setWeight: 101 }), `${at}.setWeight`, 'SetWeight needs to be between 0 and 100'],
  ['a weight below', step({ setWeight: -1 }), `${at}.setWeight`, 'SetWeight needs to be between 0 and 100'],
  [
    'a weight above the total',
    on({ ...gateway, maxTrafficWeight: 1000 }, { setWeight: 1001 }),
    `${at}.setWeight`,
    'SetWeight needs to be between 0 and 1000',
  ],
  ['a pause of words', step({ pause: { duration: 'soon' } }), `${at}.pause.duration`, DURATION],
  ['a pause of days', step({ pause: { duration: '1d' } }), `${at}.pause.duration`, DURATION],
  ['a negative pause', step({ pause: { duration: -1 } }), `${at}.pause.duration`, DURATION],
  ['a negative duration', step({ pause: { duration: '-5m' } }), `${at}.pause.duration`, DURATION],
  [
    'a scale without routing',
    step({ setCanaryScale: { replicas: 1 } }, false),
    `${at}.setCanaryScale`,
    'SetCanaryScale requires TrafficRouting to be set',
  ],
  ['two scales', step({ setCanaryScale: { replicas: 1, weight: 2 } }), `${at}.setCanaryScale`, SCALE],
  ['no scale', step({ setCanaryScale: {} }), `${at}.setCanaryScale`, SCALE],
  [
    'a negative scale',
    step({ setCanaryScale: { replicas: -1 } }),
    `${at}.setCanaryScale.replicas`,
    'must be greater than or equal to 0',
  ],
  [
    'a scale above',
    step({ setCanaryScale: { weight: 101 } }),
    `${at}.setCanaryScale.weight`,
    'needs to be between 0 and 100',
  ],
  ['an analysis of nothing', step({ analysis: {} }), `${at}.analysis.templates`, 'names no template'],
  [
    'an argument from all of metadata',
    step({ analysis: { templates, args: argument('metadata') } }),
    `${at}.analysis.args[0].valueFrom.fieldRef.fieldPath`,
    METADATA,
  ],
  [
    'an argument from metadata that nobody has',
    step({ analysis: { templates, args: argument("metadata.label['app']") } }),
    `${at}.analysis.args[0].valueFrom.fieldRef.fieldPath`,
    METADATA,
  ],
  [
    'a header route without routing',
    step({ setHeaderRoute: { name: 'beta' } }, false),
    `${at}.setHeaderRoute`,
    'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix',
  ],
  [
    'a header route by a router that cannot',
    header({ exact: 'x' }, { smi: {} }),
    `${at}.setHeaderRoute`,
    'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix',
  ],
  [
    'two headers with nginx',
    on(
      { nginx: { stableIngress: 'shop' } },
      {
        setHeaderRoute: {
          name: 'beta',
          match: ['a', 'b'].map((headerName) => ({ headerName, headerValue: { exact: 'x' } })),
        },
      },
    ),
    `${at}.setHeaderRoute.match`,
    'trafficRouting.nginx compares one header of a request',
  ],
  [
    'a route in no list',
    canary({ trafficRouting: gateway, steps: [{ setHeaderRoute: { name: 'beta' } }] }),
    list,
    `Rollout has missing field '${list}'`,
  ],
  [
    'a route that the list lacks',
    on(gateway, { setHeaderRoute: { name: 'alpha' } }),
    `${at}.setHeaderRoute`,
    `Steps define a route that does not exist in ${list}`,
  ],
  [
    'a mirror that the list lacks',
    on(gateway, { setMirrorRoute: { name: 'alpha' } }),
    `${at}.setMirrorRoute`,
    `Steps define a route that does not exist in ${list}`,
  ],
  ['a header without a value', header(undefined), `${at}.setHeaderRoute.match[0]`, NO_MATCH],
  ['a header with an empty value', header({ exact: '' }), `${at}.setHeaderRoute.match[0]`, NO_MATCH],
  ['a header with two values', header({ exact: 'a', prefix: 'b' }), `${at}.setHeaderRoute.match[0]`, TWO_MATCHES],
  ['a header by prefix with ALB', header({ prefix: 'a' }, { alb }), `${at}.setHeaderRoute.match[0]`, EXACT],
  ['a header without a value with ALB', header(undefined, { alb }), `${at}.setHeaderRoute.match[0]`, NO_MATCH],
  [
    'a mirror by a router that cannot',
    on({ alb }, { setMirrorRoute: { name: 'beta' } }),
    `${at}.setMirrorRoute`,
    'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins',
  ],
  [
    'a mirror of two methods',
    mirror({ method: { exact: 'GET', regex: 'G.*' } }),
    `${at}.setMirrorRoute.match[0]`,
    TWO_MATCHES,
  ],
  ['a mirror of no path', mirror({ path: {} }), `${at}.setMirrorRoute.match[0]`, NO_MATCH],
  ['a mirror of no header', mirror({ headers: { 'x-beta': {} } }), `${at}.setMirrorRoute.match[0]`, NO_MATCH],
  [
    'a mirror of too much',
    mirror({}, { percentage: 101 }),
    `${at}.setMirrorRoute.percentage`,
    'needs to be between 0 and 100',
  ],
  ['an experiment with nothing', step({ experiment: {} }), `${at}.experiment.templates`, 'names no template'],
  ['an experiment without a name', experiment({ name: '' }), `${at}.experiment.templates[0].name`, 'is required'],
  [
    'an experiment with an old revision',
    experiment({ specRef: 'previous' }),
    `${at}.experiment.templates[0].specRef`,
    'Invalid template step SpecRef: must be canary or stable',
  ],
  [
    'an experiment with fewer than no pods',
    experiment({ replicas: -1 }),
    `${at}.experiment.templates[0].replicas`,
    'must be greater than or equal to 0',
  ],
  [
    'an experiment with two of a name',
    on(gateway, {
      experiment: {
        templates: [
          { name: 'new', specRef: 'canary' },
          { name: 'new', specRef: 'stable' },
        ],
      },
    }),
    `${at}.experiment.templates[1].name`,
    'is the name of another template',
  ],
  [
    'an experiment with weight and no routing',
    step({ experiment: { templates: [{ name: 'new', specRef: 'canary', weight: 5 }] } }, false),
    `${at}.experiment.templates[0].weight`,
    'Experiment template weight cannot be set unless TrafficRouting is enabled',
  ],
  [
    'an experiment with weight by a router that cannot',
    experiment({ weight: 5 }, { nginx: { stableIngress: 'shop' } }),
    `${at}.experiment.templates[0].weight`,
    'Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time',
  ],
  [
    'an experiment for a long time',
    step({ experiment: { templates: [{ name: 'new', specRef: 'canary' }], duration: 'long' } }),
    `${at}.experiment.duration`,
    'must be a duration such as 30s, 5m or 1h30m',
  ],
  [
    'an experiment whose analysis has no template',
    step({ experiment: { templates: [{ name: 'new', specRef: 'canary' }], analyses: [{ name: 'a' }] } }),
    `${at}.experiment.analyses[0].templateName`,
    'is required',
  ],
  [
    'an experiment whose analysis has an argument from nowhere',
    step({
      experiment: {
        templates: [{ name: 'new', specRef: 'canary' }],
        analyses: [{ name: 'a', templateName: 't', args: argument('metadata.generation') }],
      },
    }),
    `${at}.experiment.analyses[0].args[0].valueFrom.fieldRef.fieldPath`,
    METADATA,
  ],
  [
    'an experiment of a wrong shape',
    step({ experiment: { templates: [{ name: 1 }] } }),
    `${at}.experiment.templates[0].name`,
    'must be a string (put it in quotes), is a number',
  ],
]

refuses('a step is refused for', rows)

accepts('a step may be', {
  'a scale beside a weight': step({ setWeight: 1, setCanaryScale: { replicas: 1 } }),
  'a scale beside a pause': step({ pause: {}, setCanaryScale: { replicas: 1 } }),
  'a weight of 0': step({ setWeight: 0 }),
  'a weight of everything': step({ setWeight: 100 }),
  'a weight of a larger total': on({ ...gateway, maxTrafficWeight: 1000 }, { setWeight: 1000 }),
  'a pause until resumed': step({ pause: {} }),
  'a pause of 0': step({ pause: { duration: 0 } }),
  'a pause of seconds': step({ pause: { duration: '30' } }),
  'a pause in the syntax of Go': step({ pause: { duration: '1h30m0.5s' } }),
  'a scale of 0': step({ setCanaryScale: { replicas: 0 } }),
  'a scale with the traffic': step({ setCanaryScale: { matchTrafficWeight: false } }),
  'an analysis': step({ analysis: { templates, args: argument('metadata.labels') } }),
  'a header by prefix': header({ prefix: 'a' }),
  'a header by value with ALB': header({ exact: 'a' }, { alb }),
  'a route that is taken away': on(gateway, { setHeaderRoute: { name: 'beta' } }),
  'a mirror of a part': mirror({ path: { prefix: '/' }, headers: { 'x-beta': { exact: 'y' } } }, { percentage: 35 }),
  'a mirror that is taken away': on(gateway, { setMirrorRoute: { name: 'beta' } }),
  'an experiment with weight': experiment({ weight: 5, replicas: 0 }),
  'an experiment until its analyses end': step({
    experiment: { templates: [{ name: 'old', specRef: 'stable' }], analyses: [{ name: 'a', templateName: 't' }] },
  }),
})
