/** What is read of a Rollout before anything is validated stands any shape: one bad object must not stop the indexes of all. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { isRestartDue } from '../../../controller/domain/restart.ts'
import { serviceNamesOf } from '../../../controller/domain/service-names.ts'
import { workloadsNamed } from '../../../controller/reconcile/workloads.ts'
import { rollout } from '../../builders/rollout.ts'

describe('a spec of any shape names no workload and no restart, and nothing throws', () => {
  const specs: readonly unknown[] = [
    undefined,
    null,
    'x',
    7,
    [],
    { workloadRef: 'x', restartAt: 7, strategy: 'x' },
    { workloadRef: { apiVersion: 7, kind: {}, name: [] }, restartAt: {}, strategy: { canary: [], blueGreen: 'x' } },
  ]
  for (const spec of specs)
    test(JSON.stringify(spec) ?? 'none', () => {
      const odd = { ...rollout(), spec } as Rollout
      assert.deepEqual(workloadsNamed(odd), [])
      assert.equal(isRestartDue({ rollout: odd, now: 0 }), false)
      assert.doesNotThrow(() => serviceNamesOf(odd))
    })
})
