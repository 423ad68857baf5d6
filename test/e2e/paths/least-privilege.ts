/** What the controller may do and does, by the API server's audit log: nothing was refused, nothing is written when nothing happens. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { waitFor } from '../../control-plane/wait.ts'
import type { AuditedRequest } from '../cluster.ts'
import { WEBHOOK_TOKEN } from '../controller.ts'
import type { Stage } from '../stage.ts'

const IDLE_WINDOW_MS = 30_000
const SETTLED_MS = 4_000

const isWrite = ({ verb, resource }: AuditedRequest): boolean =>
  !['get', 'list', 'watch'].includes(verb) && resource !== 'leases'
const describeRequest = ({ verb, uri, code }: AuditedRequest): string => `${verb} ${uri} ${code}`

export function leastPrivilegePaths(stage: Stage): void {
  describe('least privilege', () => {
    const auditOf = (fromMs: number): readonly AuditedRequest[] =>
      (stage.cluster().readAudit?.() ?? []).filter(
        ({ atMs, userAgent }) => atMs >= fromMs && userAgent.startsWith('penstock/'),
      )

    test('the service account may not read secrets, make pods or delete rollouts', async () => {
      const { controlPlane, accountToken: token } = stage.cluster()
      const calls = [
        { path: '/api/v1/secrets' },
        { path: '/api/v1/namespaces/default/secrets' },
        { path: '/api/v1/namespaces/default/configmaps' },
        { method: 'POST', path: '/api/v1/namespaces/default/pods', body: {} },
        { method: 'DELETE', path: '/apis/argoproj.io/v1alpha1/namespaces/default/rollouts/web' },
      ]
      for (const call of calls) assert.equal((await controlPlane.api({ ...call, token })).status, 403, call.path)
    })

    test('all that the paths before needed was allowed', (t) => {
      if (!stage.cluster().readAudit) return t.skip('the audit log of this cluster is not ours to read')
      const requests = auditOf(0)
      assert.ok(requests.length > 100, 'the audit log tells of the controller')
      assert.deepEqual(requests.filter(({ code }) => code === 403).map(describeRequest), [])
    })

    test('no secret is in the log, and nothing is an error there', () => {
      const lines = stage.logs()
      assert.ok(!JSON.stringify(lines).includes(WEBHOOK_TOKEN))
      assert.ok(!JSON.stringify(lines).includes(stage.cluster().accountToken))
      assert.deepEqual(
        lines.filter(({ level }) => level === 'error').map(({ msg, reason, error }) => ({ msg, reason, error })),
        [],
      )
    })

    test('an idle controller writes nothing but its Lease', async (t) => {
      if (!stage.cluster().readAudit) return t.skip('the audit log of this cluster is not ours to read')
      const quiet = async () => auditOf(Date.now() - SETTLED_MS).filter(isWrite).length === 0
      await waitFor(quiet, { what: 'the rollouts to settle', timeoutMs: 60_000, intervalMs: 500 })
      const fromMs = Date.now()
      await sleep(IDLE_WINDOW_MS)
      assert.deepEqual(auditOf(fromMs).filter(isWrite).map(describeRequest), [])
      const leases = auditOf(fromMs).filter(({ verb, resource }) => resource === 'leases' && verb === 'patch')
      assert.ok(leases.length > 3, 'the Lease is renewed meanwhile')
    })
  })
}
