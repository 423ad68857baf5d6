/**
 * Objects that cannot be obeyed: each is told what is wrong with it, field and fix, and harms nobody else in its namespace. Those of a wrong
 * shape come past a CRD whose schema was made to let everything through, as an older or somebody else's CRD may.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { TrafficRouting } from '../../../controller/api/rollout.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { canary, imageOf, rollout, type Shape, service } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const CRD = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.argoproj.io'

const unrouted = (steps: Shape['steps'] = [], more: Partial<Shape> = {}): Shape => ({ routed: false, steps, ...more })
const withAnalysis = (templateName: string): Shape => unrouted([{ analysis: { templates: [{ templateName }] } }])
const withRouter = (trafficRouting: TrafficRouting): Shape => ({ canary: { trafficRouting } })

interface Wrong {
  readonly shape: Shape
  /** What the message must say. */
  readonly told: RegExp
}

const wrong: Readonly<Record<string, Wrong>> = {
  'two-strategies': {
    shape: { routed: false, spec: { strategy: { canary: {}, blueGreen: { activeService: 'a' } } } },
    told: /spec\.strategy: Multiple Strategies .*keep canary or blueGreen/,
  },
  'no-strategy': { shape: { spec: { strategy: {} } }, told: /spec\.strategy: .*add strategy\.canary/ },
  'bad-duration': {
    shape: unrouted([{ setWeight: 10 }, { pause: { duration: 'five minutes' } }]),
    told: /steps\[1\]\.pause\.duration: .*"5m"/,
  },
  'weight-150': { shape: unrouted([{ setWeight: 150 }]), told: /steps\[0\]\.setWeight: .*between 0 and 100/ },
  'two-keys': {
    shape: unrouted([{ setWeight: 1, pause: {} }]),
    told: /steps\[0\]: .*give setWeight, pause a step each/,
  },
  'no-service': {
    shape: { canary: { stableService: 'nobody', canaryService: 'bad-canary' } },
    told: /canary\.stableService: service "nobody" not found \(create the Service\)/,
  },
  'unknown-router': {
    shape: withRouter({ plugins: { 'acme/router': {} } }),
    told: /trafficRouting\.plugins\["acme\/router"\]: .*argoproj-labs\/gatewayAPI/,
  },
  'foreign-router': {
    shape: withRouter({ plugins: { 'example/other': {} } }),
    told: /trafficRouting\.plugins\["example\/other"\]: .*gatewayAPI/,
  },
  'unknown-step': {
    shape: unrouted([{ plugin: { name: 'acme/step' } }]),
    told: /steps\[0\]\.plugin\.name: step plugin "acme\/step" is not known/,
  },
  'bad-surge': { shape: unrouted([], { canary: { maxSurge: 'lots' } }), told: /canary\.maxSurge: .*"25%"/ },
  'no-containers': {
    shape: unrouted([], { spec: { template: { metadata: { labels: { app: 'no-containers' } }, spec: {} } } }),
    told: /spec\.template\.spec\.containers: .*at least one container/,
  },
  'other-labels': {
    shape: unrouted([], { spec: { selector: { matchLabels: { app: 'another' } } } }),
    told: /template\.metadata\.labels: .*repeat the labels/,
  },
  'unknown-provider': { shape: withAnalysis('unknown-provider'), told: /steps\[0\]\.analysis.*provider/ },
  'bad-promql': { shape: withAnalysis('bad-promql'), told: /steps\[0\]\.analysis.*query/ },
  'names-itself': { shape: withAnalysis('names-itself'), told: /steps\[0\]\.analysis.*refers to itself/ },
  'no-template': { shape: withAnalysis('nobody'), told: /templates\[0\]\.templateName: .*create the AnalysisTemplate/ },
}

const template = (name: string, spec: object): object => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec,
})
const templates: readonly object[] = [
  template('unknown-provider', { metrics: [{ name: 'm', provider: { acme: {} }, successCondition: 'true' }] }),
  template('bad-promql', {
    metrics: [
      {
        name: 'm',
        successCondition: 'result[0] < 1',
        provider: { prometheus: { address: 'http://prometheus.test', query: 'sum(rate(http_requests_total[5m)' } },
      },
    ],
  }),
  template('names-itself', { templates: [{ templateName: 'names-itself' }] }),
]

/** What only an API server without a schema would take: paths into the object and what is there instead. */
const misshapen: Readonly<Record<string, object>> = {
  'no-spec': { spec: undefined },
  'spec-is-text': { spec: 'canary' },
  'spec-is-list': { spec: [1, 2] },
  'replicas-are-text': { spec: { replicas: 'three' } },
  'strategy-is-text': { spec: { strategy: 'canary' } },
  'canary-is-list': { spec: { strategy: { canary: [] } } },
  'steps-are-object': { spec: { strategy: { canary: { steps: { setWeight: 1 } } } } },
  'step-is-null': { spec: { strategy: { canary: { steps: [null] } } } },
  'service-is-object': { spec: { strategy: { canary: { stableService: {}, canaryService: 7 } } } },
  'router-is-text': { spec: { strategy: { canary: { trafficRouting: { plugins: 'gateway' } } } } },
  'template-is-number': { spec: { template: 7 } },
  'labels-are-list': { spec: { template: { metadata: { labels: ['a'] }, spec: { containers: [null] } } } },
  'selector-is-text': { spec: { selector: 'app=web' } },
}

export function badInputPaths(stage: Stage): void {
  const healthyGood = (space: Workspace, version: number) => async (): Promise<void> => {
    await space.setImage(imageOf(version), 'good')
    await space.untilPhase('Healthy', /^$/, 'good')
    assert.equal(space.replicaSetOf(imageOf(version)).spec.replicas, 2)
  }

  describe('bad input', () => {
    test('a spec that cannot be obeyed degrades its Rollout alone and says field and fix', async () => {
      const space = await stage.workspace('invalid')
      await space.apply(...templates, service('bad-stable', 'bad'), service('bad-canary', 'bad'))
      await space.apply(...canary({ name: 'good', steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] }))
      await space.apply(...Object.entries(wrong).map(([name, { shape }]) => rollout({ ...shape, name })))
      await space.untilPhase('Healthy', /^$/, 'good')
      for (const [name, { told }] of Object.entries(wrong)) await space.untilPhase('Degraded', told, name)
      await healthyGood(space, 2)()
      assert.equal(space.replicaSets().length, 2, 'nothing was made for a Rollout that cannot be obeyed')
      const { stdout } = await space.kubectl('get', 'events', '-o', 'jsonpath={range .items[*]}{.reason}{"\\n"}{end}')
      assert.ok(stdout.split('\n').filter((reason) => reason === 'InvalidSpec').length >= Object.keys(wrong).length)
    })

    test('what is corrected rolls on', async () => {
      const space = await stage.workspace('corrected')
      await space.apply(...canary({ steps: [{ setWeight: 150 }] }))
      await space.untilPhase('Degraded', /setWeight/)
      await space.apply(...canary({ steps: [{ setWeight: 15 }] }))
      await space.untilPhase('Healthy')
      await space.patch({ spec: { strategy: { canary: { steps: [{ setWeight: -1 }] } } } })
      await space.untilPhase('Degraded', /setWeight/)
      assert.equal(space.replicaSetOf(imageOf(1)).spec.replicas, 2, 'what runs keeps running')
    })

    test('huge and hostile values are bounded', async () => {
      const space = await stage.workspace('hostile')
      const steps = Array.from({ length: 2_000 }, (_, at) => ({ setWeight: at % 2 === 0 ? 1_000 + at : 10 }))
      const long = 'x'.repeat(100_000)
      await space.apply(...canary({ name: 'good' }))
      await space.apply(
        rollout(unrouted(steps, { name: 'many-steps' })),
        rollout({ name: 'long-name', canary: { stableService: long, canaryService: 'b' } }),
        rollout({ name: 'prototype', canary: { stableService: '__proto__', canaryService: 'constructor' } }),
        rollout(unrouted([{ analysis: { templates: [{ templateName: '__proto__' }] } }], { name: 'proto-template' })),
      )
      await space.untilPhase('Degraded', /steps\[0\]\.setWeight/, 'many-steps')
      await space.untilPhase('Degraded', /stableService/, 'long-name')
      await space.untilPhase('Degraded', /"__proto__" not found/, 'prototype')
      await space.untilPhase('Degraded', /'__proto__' not found/, 'proto-template')
      await healthyGood(space, 2)()
      for (const name of ['many-steps', 'long-name'])
        assert.ok(JSON.stringify(space.rollout(name).status).length < 20_000, `the status of ${name} is bounded`)
    })

    describe('past a CRD without a schema', () => {
      let version: unknown
      const setVersion = async (value: unknown): Promise<void> => {
        const body = [{ op: 'replace', path: '/spec/versions/0', value }]
        const call = { method: 'PATCH', path: CRD, contentType: 'application/json-patch+json', body }
        const answer = await stage.cluster().controlPlane.api(call)
        assert.equal(answer.status, 200, JSON.stringify(answer.body))
      }
      before(async () => {
        const { body } = await stage.cluster().controlPlane.api({ path: CRD })
        version = (body as { spec: { versions: readonly object[] } }).spec.versions[0]
        await setVersion({
          name: 'v1alpha1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          // Without scale, for whose sake the API server itself looks into the spec.
          subresources: { status: {} },
        })
      })
      after(() => setVersion(version))

      test('wrong types degrade their Rollout alone; a status of wrong types is written anew', async () => {
        const space = await stage.workspace('misshapen')
        await space.apply(...canary({ name: 'good', steps: [{ setWeight: 50 }] }))
        await space.untilPhase('Healthy', /^$/, 'good')
        const isTaken = async (name: string, change: object): Promise<boolean> => {
          const object = merge(rollout({ name, routed: false }), change) as { metadata: object }
          const answer = await stage.cluster().controlPlane.api({
            method: 'POST',
            path: `/apis/argoproj.io/v1alpha1/namespaces/${space.namespace}/rollouts`,
            body: { ...object, metadata: { ...object.metadata, namespace: space.namespace } },
          })
          return answer.status === 201
        }
        // The API server takes a moment to serve by the new schema.
        for (const [name, change] of Object.entries(misshapen))
          await waitFor(() => isTaken(name, change), { what: `${name} to be taken`, timeoutMs: 15_000 })
        for (const name of Object.keys(misshapen)) await space.untilPhase('Degraded', /InvalidSpec: .*spec/, name)
        await space.patch(
          { status: { conditions: 'x', pauseConditions: 7, currentStepIndex: 'one', canary: [], stableRS: {} } },
          { status: true, name: 'good' },
        )
        await healthyGood(space, 2)()
        await space.kubectl('delete', 'rollouts', '--all')
      })
    })
  })
}

/** A merge patch, but undefined takes away. */
function merge(base: unknown, change: unknown): unknown {
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isMap(base) || !isMap(change)) return change
  const keys = [...new Set([...Object.keys(base), ...Object.keys(change)])]
  return Object.fromEntries(keys.map((key) => [key, key in change ? merge(base[key], change[key]) : base[key]]))
}
