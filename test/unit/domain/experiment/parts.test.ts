/** What an experiment makes: ReplicaSets whose pods are nobody else's, Services with the ports of the pods, runs with resolved arguments. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ExperimentSpec, ExperimentTemplate } from '../../../../controller/api/experiment.ts'
import { POD_TEMPLATE_HASH } from '../../../../controller/api/labels.ts'
import { podTemplateHash } from '../../../../controller/argo/pod-hash.ts'
import { resolveExperimentArgument } from '../../../../controller/domain/experiment/arguments.ts'
import { decideExperiment } from '../../../../controller/domain/experiment/decide.ts'
import { viewExperiment } from '../../../../controller/domain/experiment/view.ts'
import { experiment, template } from '../../../builders/experiment.ts'
import { createExperimentMachine } from '../../../golden/experiment-machine.ts'
import { gate } from '../../../golden/scenarios/scenario.ts'

const machineOf = (spec: Partial<ExperimentSpec> = {}) =>
  createExperimentMachine({ experiment: experiment({ duration: '60s', ...spec }), templates: [gate] })

function made(spec: Partial<ExperimentSpec>) {
  const machine = machineOf(spec)
  machine.pass()
  return machine.world().replicaSets
}

describe('the ReplicaSet of a template', () => {
  test('is named, owned, marked and selected by a hash of its own, with no pods', () => {
    const [rs] = made({ templates: [template('canary', { minReadySeconds: 7 })] })
    assert.ok(rs)
    const { metadata, spec } = rs
    const hash = metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
    assert.match(hash, /^[a-z0-9]+$/)
    assert.deepEqual(
      {
        name: metadata.name,
        labels: metadata.labels,
        annotations: metadata.annotations,
        owner: metadata.ownerReferences,
      },
      {
        name: 'trial-canary',
        labels: { app: 'shop', [POD_TEMPLATE_HASH]: hash },
        annotations: { 'experiment.argoproj.io/name': 'trial', 'experiment.argoproj.io/template-name': 'canary' },
        owner: [
          {
            apiVersion: 'argoproj.io/v1alpha1',
            kind: 'Experiment',
            name: 'trial',
            uid: 'uid-trial',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
    )
    assert.deepEqual(
      [spec.replicas, spec.minReadySeconds, spec.selector.matchLabels, spec.template.metadata?.labels],
      [0, 7, { app: 'shop', [POD_TEMPLATE_HASH]: hash }, { app: 'shop', [POD_TEMPLATE_HASH]: hash }],
    )
  })

  test('equal pods get different hashes by template, by experiment, and from what a Rollout would give them', () => {
    const same = template('first')
    const [first, second] = made({ templates: [same, { ...same, name: 'second' }] })
    const hashes = [first, second].map((rs) => rs?.metadata.labels?.[POD_TEMPLATE_HASH])
    assert.equal(new Set([...hashes, podTemplateHash(same.template)]).size, 3)
  })

  test('a hash that the pods bring along is replaced, in the labels and in the selector', () => {
    const labels = { app: 'shop', [POD_TEMPLATE_HASH]: 'of-a-rollout' }
    const brought = template('canary', {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: template('canary').template.spec ?? {} },
    })
    const [rs] = made({ templates: [brought] })
    const hash = rs?.metadata.labels?.[POD_TEMPLATE_HASH]
    assert.notEqual(hash, 'of-a-rollout')
    assert.equal(rs?.spec.selector.matchLabels?.[POD_TEMPLATE_HASH], hash)
    assert.equal(rs?.spec.template.metadata?.labels?.[POD_TEMPLATE_HASH], hash)
  })
})

describe('the Service of a template', () => {
  const servicesOf = (shape: Partial<ExperimentTemplate>) => {
    const machine = machineOf({ templates: [template('canary', shape)] })
    machine.settle()
    return machine.world().services
  }
  const pods = (...containers: readonly object[]): ExperimentTemplate['template'] => ({
    metadata: { labels: { app: 'shop' } },
    spec: { containers: containers.map((container, at) => ({ name: `c${at}`, image: 'x', ...container })) },
  })
  const rows: readonly [string, Partial<ExperimentTemplate>, unknown][] = [
    ['none is asked for', {}, undefined],
    [
      'the ReplicaSet’s name and the container’s port',
      { service: {} },
      ['trial-canary', [['http', 'TCP', 8080, 8080]]],
    ],
    ['a name of its own', { service: { name: 'preview' } }, ['preview', [['http', 'TCP', 8080, 8080]]]],
    ['no port, no Service', { service: {}, template: pods({}) }, undefined],
    [
      'several ports each get a name',
      {
        service: {},
        template: pods(
          { ports: [{ containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }] },
          { ports: [{ name: 'x', containerPort: 90 }] },
        ),
      },
      [
        'trial-canary',
        [
          ['tcp-80', 'TCP', 80, 80],
          ['udp-53', 'UDP', 53, 53],
          ['x', 'TCP', 90, 90],
        ],
      ],
    ],
    [
      'one port needs none',
      { service: {}, template: pods({ ports: [{ containerPort: 80 }] }) },
      ['trial-canary', [[undefined, 'TCP', 80, 80]]],
    ],
  ]
  for (const [name, shape, expected] of rows)
    test(name, () => {
      const [service] = servicesOf(shape)
      const found = service && [
        service.metadata.name,
        service.spec.ports?.map((port) => [port.name, port.protocol, port.port, port.targetPort]),
      ]
      assert.deepEqual(found, expected)
    })

  test('selects the pods of its template alone, and is told in status with their hash', () => {
    const machine = machineOf({ templates: [template('canary', { service: {} })] })
    machine.run(10_000)
    const { services, replicaSets } = machine.world()
    assert.deepEqual(services[0]?.spec.selector, replicaSets[0]?.spec.template.metadata?.labels)
    const [status] = machine.status().templateStatuses ?? []
    assert.deepEqual(
      [status?.serviceName, status?.podTemplateHash],
      ['trial-canary', replicaSets[0]?.metadata.labels?.[POD_TEMPLATE_HASH]],
    )
  })
})

describe('arguments', () => {
  const machine = machineOf()
  machine.run(10_000)
  const view = viewExperiment(machine.world())
  const hash = view.templates[1]?.rs?.metadata.labels?.[POD_TEMPLATE_HASH] ?? '?'
  const rows: readonly [string, string][] = [
    ['{{templates.canary.podTemplateHash}}', hash],
    ['pods-{{ templates.canary.replicaset.name }}!', 'pods-trial-canary!'],
    ['{{experiment.availableAt}}/{{experiment.finishedAt}}', '2026-01-01T00:00:05Z/2026-01-01T00:01:05Z'],
    ['plain', 'plain'],
    ['$& {{templates.canary.replicaset.name}} $1', '$& trial-canary $1'],
  ]
  for (const [value, expected] of rows)
    test(value, () =>
      assert.deepEqual(resolveExperimentArgument({ name: 'a', value }, view), {
        argument: { name: 'a', value: expected },
      }),
    )
  for (const value of ['{{templates.other.podTemplateHash}}', '{{experiment.name}}', '{{}}', '{{__proto__}}'])
    test(`${value} is a problem`, () =>
      assert.deepEqual(resolveExperimentArgument({ name: 'a', value }, view), {
        problem: `args.a: failed to resolve ${value}`,
      }))
  test('a secret stays a reference, and nothing is not a value', () => {
    const valueFrom = { secretKeyRef: { name: 's', key: 'k' } }
    assert.deepEqual(resolveExperimentArgument({ name: 'a', valueFrom }, view), { argument: { name: 'a', valueFrom } })
    assert.deepEqual(resolveExperimentArgument({ name: 'a' }, view), { problem: 'args.a was not resolved' })
  })
  test('one that cannot be resolved ends the experiment with Error, and says so', () => {
    const args = [{ name: 'hash', value: '{{templates.other.podTemplateHash}}' }]
    const declaring = { ...gate, spec: { ...gate.spec, args: [{ name: 'hash' }] } }
    const broken = createExperimentMachine({
      experiment: experiment({ analyses: [{ name: 'errors', templateName: 'gate', args }] }),
      templates: [declaring],
    })
    broken.run(10_000)
    assert.equal(broken.status().phase, 'Error')
    assert.equal(
      broken.status().message,
      "Failed to create AnalysisRun for analysis 'errors': args.hash: failed to resolve {{templates.other.podTemplateHash}}",
    )
  })
})

describe('a decision', () => {
  test('is the same whatever the order in which the world is read', () => {
    const machine = machineOf({ analyses: [{ name: 'errors', templateName: 'gate' }] })
    machine.run(10_000)
    const world = machine.world()
    const turned = {
      ...world,
      replicaSets: world.replicaSets.toReversed(),
      analysisRuns: world.analysisRuns.toReversed(),
    }
    assert.deepEqual(decideExperiment(turned), decideExperiment(world))
  })
  test('about one that is being deleted is to leave it alone', () => {
    const world = machineOf().world()
    const metadata = { ...world.experiment.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }
    const plan = decideExperiment({ ...world, experiment: { ...world.experiment, metadata } })
    assert.deepEqual([plan.actions, plan.events], [[], []])
  })
  for (const [name, spec] of Object.entries({
    nothing: {},
    'no list': { templates: 'x' },
    'a list of nothing': { templates: [null] },
    'numbers as text': { templates: [{ ...template('x'), replicas: '1' }] },
    'no pods': { templates: [{ name: 'x', selector: { matchLabels: { a: 'b' } }, template: {} }] },
  }))
    test(`about a spec with ${name} is Error, with a field, and no exception`, () => {
      const world = machineOf().world()
      const { status } = decideExperiment({
        ...world,
        experiment: { ...world.experiment, spec: spec as ExperimentSpec },
      })
      assert.equal(status.phase, 'Error')
      assert.match(status.message ?? '', /spec\.templates/)
    })
})
