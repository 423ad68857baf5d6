/** Every rule about the manifest, with the field that it names; words that other tools match on are Argo's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, CanaryStrategy, Rollout } from '../../../controller/api/rollout.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { rollout } from '../../builders/rollout.ts'

const routing = { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } }
const spec = (more: object): Rollout => rollout({ spec: more as Partial<Rollout['spec']> })
const canary = (more: Partial<CanaryStrategy>, routed = true): Rollout => rollout({ routed, canary: more })
const step = (odd: object, routed = true): Rollout => rollout({ routed, steps: [odd as CanaryStep] })
const at = 'spec.strategy.canary'
const template = { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'x' }] } }

const rows: readonly (readonly [string, Rollout, string, string])[] = [
  ['no selector', spec({ selector: undefined }), 'spec.selector', "Rollout has missing field '.spec.selector'"],
  ['empty selector', spec({ selector: {} }), 'spec.selector', 'empty selector is invalid for deployment'],
  ['no template', spec({ template: undefined }), 'spec.template', "Rollout has missing field '.spec.template'"],
  [
    'selector and labels',
    spec({ template: { ...template, metadata: { labels: { app: 'cart' } } } }),
    'spec.template.metadata.labels',
    '`selector` does not match template `labels`',
  ],
  [
    'no containers',
    spec({ template: { ...template, spec: {} } }),
    'spec.template.spec.containers',
    'at least one container with name and image is required',
  ],
  ['negative replicas', spec({ replicas: -1 }), 'spec.replicas', 'must be greater than or equal to 0'],
  [
    'negative minReadySeconds',
    spec({ minReadySeconds: -1 }),
    'spec.minReadySeconds',
    'must be greater than or equal to 0',
  ],
  [
    'deadline before ready',
    spec({ minReadySeconds: 30, progressDeadlineSeconds: 30 }),
    'spec.progressDeadlineSeconds',
    'must be greater than minReadySeconds',
  ],
  [
    'no strategy',
    spec({ strategy: {} }),
    'spec.strategy',
    "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'",
  ],
  [
    'two strategies',
    spec({ strategy: { canary: {}, blueGreen: { activeService: 'a' } } }),
    'spec.strategy',
    'Multiple Strategies can not be listed',
  ],
  [
    'blue-green',
    spec({ strategy: { blueGreen: { activeService: 'a' } } }),
    'spec.strategy.blueGreen',
    'is not supported by this version of Penstock',
  ],
  [
    'workloadRef',
    spec({ workloadRef: { name: 'x' } }),
    'spec.workloadRef',
    'is not supported by this version of Penstock',
  ],
  [
    'equal Services',
    canary({ canaryService: 'stable' }),
    `${at}.stableService`,
    'This rollout uses the same service for the stable and canary services, but two different services are required.',
  ],
  [
    'routing without Services',
    canary({ trafficRouting: routing }, false),
    at,
    'Canary service and Stable service must to be set to use Traffic Routing',
  ],
  [
    'delay without routing',
    canary({ scaleDownDelaySeconds: 3 }, false),
    `${at}.scaleDownDelaySeconds`,
    'Canary scaleDownDelaySeconds can only be used with traffic routing',
  ],
  [
    'dynamic scale',
    canary({ dynamicStableScale: true }),
    `${at}.dynamicStableScale`,
    'is not supported by this version of Penstock',
  ],
  [
    'no budget',
    canary({ maxSurge: 0, maxUnavailable: '0%' }),
    `${at}.maxSurge`,
    'MaxSurge and MaxUnavailable both can not be zero',
  ],
  ['odd budget', canary({ maxSurge: 'many' }), `${at}.maxSurge`, 'must be a number of pods or a percentage'],
  ['no router', canary({ trafficRouting: {} }), `${at}.trafficRouting`, 'names no router'],
  [
    'other router',
    canary({ trafficRouting: { istio: {} } }),
    `${at}.trafficRouting.istio`,
    'is not supported by this version of Penstock',
  ],
  [
    'other plugin',
    canary({ trafficRouting: { plugins: { x: {} } } }),
    `${at}.trafficRouting.plugins["x"]`,
    'is not supported by this version of Penstock',
  ],
  [
    'managed routes',
    canary({ trafficRouting: { ...routing, managedRoutes: [{ name: 'x' }] } }),
    `${at}.trafficRouting.managedRoutes`,
    'is not supported by this version of Penstock',
  ],
  [
    'empty step',
    step({}),
    `${at}.steps[0]`,
    'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause',
  ],
  [
    'two keys',
    step({ setWeight: 1, pause: {} }),
    `${at}.steps[0]`,
    'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause',
  ],
  ['weight above', step({ setWeight: 101 }), `${at}.steps[0].setWeight`, 'SetWeight needs to be between 0 and 100'],
  ['weight below', step({ setWeight: -1 }), `${at}.steps[0].setWeight`, 'SetWeight needs to be between 0 and 100'],
  [
    'odd pause',
    step({ pause: { duration: 'soon' } }),
    `${at}.steps[0].pause.duration`,
    'Duration needs to be greater than 0',
  ],
  [
    'negative pause',
    step({ pause: { duration: -1 } }),
    `${at}.steps[0].pause.duration`,
    'Duration needs to be greater than 0',
  ],
  [
    'scale without routing',
    step({ setCanaryScale: { replicas: 1 } }, false),
    `${at}.steps[0].setCanaryScale`,
    'SetCanaryScale requires TrafficRouting to be set',
  ],
  [
    'two scales',
    step({ setCanaryScale: { replicas: 1, weight: 2 } }),
    `${at}.steps[0].setCanaryScale`,
    'exactly one of replicas, weight, matchTrafficWeight must be set',
  ],
  [
    'negative scale',
    step({ setCanaryScale: { replicas: -1 } }),
    `${at}.steps[0].setCanaryScale.replicas`,
    'must be greater than or equal to 0',
  ],
  [
    'scale weight',
    step({ setCanaryScale: { weight: 101 } }),
    `${at}.steps[0].setCanaryScale.weight`,
    'needs to be between 0 and 100',
  ],
  ['analysis without template', step({ analysis: {} }), `${at}.steps[0].analysis.templates`, 'names no template'],
  [
    'plugin step',
    step({ plugin: { name: 'x' } }),
    `${at}.steps[0].plugin`,
    'is not supported by this version of Penstock',
  ],
  [
    'startingStep',
    canary({ analysis: { startingStep: 1 }, steps: [{ setWeight: 1 }] }),
    `${at}.analysis.startingStep`,
    'must be the index of one of the 1 steps',
  ],
]

describe('validation of the manifest', () => {
  for (const [name, invalid, field, message] of rows)
    test(`${name}: ${message}`, () => {
      const problem = validateRollout(invalid).find((found) => found.field === field)
      assert.equal(problem?.message, message)
    })

  test('a wrong shape names its field', () => {
    const [problem] = validateRollout(step({ setWeight: 'much' }))
    assert.equal(problem?.field, 'spec.strategy.canary.steps[0].setWeight')
  })

  test('what the examples use is valid', () => {
    const steps: CanaryStep[] = [
      { setWeight: 5 },
      { pause: {} },
      { pause: { duration: '1m' } },
      { setCanaryScale: { matchTrafficWeight: true } },
    ]
    assert.deepEqual(validateRollout(rollout({ steps })), [])
    assert.deepEqual(validateRollout(rollout({ routed: false, steps: [{ setWeight: 100 }] })), [])
  })
})
