/** The real API server refuses the same pod templates in a ReplicaSet as our rules do, in the same words, and takes the same. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { validatePodTemplate } from '../../controller/domain/validation/pod-template.ts'
import { acceptedTemplates, refusedTemplates } from '../builders/pod-templates.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { startControlPlane } from '../control-plane/start.ts'

describe('pod templates on a real API server', { timeout: 3_600_000 }, () => {
  let controlPlane: ControlPlane
  before(async () => {
    controlPlane = await startControlPlane()
  })
  after(() => controlPlane?.stop())

  /** Nothing is stored: the request is a dry run. */
  async function offer(template: unknown): Promise<{ readonly status: number; readonly message: string }> {
    const answer = await controlPlane.api({
      method: 'POST',
      path: '/apis/apps/v1/namespaces/default/replicasets?dryRun=All',
      body: {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name: 'shop' },
        spec: { selector: { matchLabels: { app: 'shop' } }, template },
      },
    })
    return { status: answer.status, message: (answer.body as { message?: string }).message ?? '' }
  }

  for (const { name, template, field, message, server } of refusedTemplates)
    test(`refused for ${name}`, async () => {
      const answer = await offer(template)
      assert.ok([400, 422].includes(answer.status), `${answer.status} ${answer.message}`)
      const expected = server ?? `spec.template.${field}: ${message}`
      assert.ok(answer.message.includes(expected), `${answer.message}\n  does not say\n${expected}`)
    })

  for (const [name, template] of Object.entries(acceptedTemplates))
    test(`taken: ${name}`, async () => {
      const answer = await offer(template)
      assert.equal(answer.status, 201, answer.message)
      assert.deepEqual(validatePodTemplate(template, 'spec.template'), [])
    })
})
