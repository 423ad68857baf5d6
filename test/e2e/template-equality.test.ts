/** A pod template that a real API server has taken, defaulted and handed out again is the same template to us: or a takeover makes pods. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { PodTemplate } from '../../controller/api/meta.ts'
import type { ReplicaSet } from '../../controller/api/rollout.ts'
import { isSameTemplate } from '../../controller/argo/pod-template.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { startControlPlane } from '../control-plane/start.ts'
import { templateCorpus } from './template-corpus.ts'

const NAMESPACE = 'pod-templates'

const render = (name: string, template: PodTemplate) => {
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH]: 'abc' }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

describe('pod templates on a real API server', { timeout: 3_600_000 }, () => {
  let controlPlane: ControlPlane
  const live = new Map<string, ReplicaSet>()

  before(async () => {
    controlPlane = await startControlPlane()
    await controlPlane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  })
  after(() => controlPlane?.stop())

  for (const [index, [what, template]] of Object.entries(templateCorpus).entries())
    test(`${what}: comes back as the same`, async () => {
      const path = `/apis/apps/v1/namespaces/${NAMESPACE}/replicasets`
      const { status, body } = await controlPlane.api({ method: 'POST', path, body: render(`t-${index}`, template) })
      assert.equal(status, 201, JSON.stringify(body))
      const created = body as ReplicaSet
      live.set(what, created)
      assert.ok(isSameTemplate(template, created), JSON.stringify(created.spec.template))
      const undone = withoutHash(created.spec.template)
      assert.ok(isSameTemplate(undone, created), 'also when it is written back, as undo does')
      assert.ok(isSameTemplate(undone, { ...created, spec: { ...created.spec, template } }))
    })

  test('and no two of them are the same', () => {
    const twins = Object.entries(templateCorpus).flatMap(([what, template]) =>
      [...live].flatMap(([other, replicaSet]) =>
        what !== other && isSameTemplate(template, replicaSet) ? [`${what} = ${other}`] : [],
      ),
    )
    assert.deepEqual(twins.sort(), [
      'empty dir = no source',
      'explicit defaults = nulls and empties',
      'explicit defaults = plain',
      'no source = empty dir',
      'nulls and empties = explicit defaults',
      'nulls and empties = plain',
      'plain = explicit defaults',
      'plain = nulls and empties',
    ])
  })
})

function withoutHash(template: PodTemplate): PodTemplate {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}
