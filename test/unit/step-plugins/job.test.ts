/** `penstock/job`: which Job is created, which one counts, and what its conditions mean. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { JobConfig } from '../../../controller/api/step-plugin-config.ts'
import type { StepAnswer } from '../../../controller/api/step-result.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { job, renderJob, renderJobName, STEP_OPERATION } from '../../../controller/step-plugins/job.ts'
import type { StepCall } from '../../../controller/step-plugins/plugin.ts'
import { callOf, portsWith } from './calls.ts'

const config: JobConfig = {
  metadata: { labels: { team: 'shop' } },
  spec: {
    backoffLimit: 1,
    template: {
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'tools:1', env: [{ name: 'PENSTOCK_REVISION', value: 'mine' }] }],
      },
    },
  },
}
const call = callOf(config)
const NAME = renderJob(call).metadata.name

interface Store {
  readonly created: KubeObject[]
  readonly deleted: { readonly name: string; readonly options: unknown }[]
}

async function perform(
  verb: 'run' | 'terminate',
  found: KubeObject | undefined,
  overrides: Partial<StepCall<JobConfig>> = {},
  created: Partial<KubeObject> | Error = {},
): Promise<{ readonly answer: StepAnswer; readonly store: Store }> {
  const store: Store = { created: [], deleted: [] }
  const client = {
    get: async <T extends KubeObject>() => found as T | undefined,
    async create<T extends KubeObject>(_kind: unknown, object: T): Promise<T> {
      if (created instanceof Error) throw created
      store.created.push(object)
      return { ...object, ...created, metadata: { ...object.metadata, uid: 'job-1' } }
    },
    async delete(ref: { readonly name: string }, options: unknown) {
      store.deleted.push({ name: ref.name, options })
    },
  }
  const operation = job.prepare(verb, config)
  assert.ok(typeof operation === 'function')
  const answer = await operation({ ...call, ...overrides }, portsWith({ client }), new AbortController().signal)
  return { answer, store }
}

const ours = (status?: object): KubeObject =>
  ({
    ...renderJob(call),
    metadata: { ...renderJob(call).metadata, uid: 'job-1' },
    ...(status ? { status } : {}),
  }) as KubeObject
const condition = (type: string, extra: object = {}) => ({ conditions: [{ type, status: 'True', ...extra }] })

describe('the Job of a step', () => {
  test('is named after the operation: the same for a repetition, another for another try', () => {
    assert.equal(renderJobName('checkout', 2, 1, 'a'), renderJobName('checkout', 2, 1, 'a'))
    assert.notEqual(renderJobName('checkout', 2, 1, 'a'), renderJobName('checkout', 2, 1, 'b'))
  })
  for (const name of [
    'checkout',
    'a'.repeat(63),
    `${'b'.repeat(40)}.${'c'.repeat(30)}`,
    'x--------------------------------------------y',
  ])
    test(`has a name that is a DNS label: ${name.slice(0, 20)}`, () =>
      assert.match(renderJobName(name, 123, 45, 'id'), /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/))

  test('is owned by the Rollout, bounded in time, and tells its containers of the update', () => {
    const rendered = renderJob(call)
    assert.equal(rendered.metadata.namespace, 'shop')
    assert.equal(rendered.metadata.annotations?.[STEP_OPERATION], call.operation)
    assert.deepEqual(
      rendered.metadata.ownerReferences?.map(({ kind, uid, controller }) => ({ kind, uid, controller })),
      [{ kind: 'Rollout', uid: 'uid-1', controller: true }],
    )
    const { ttlSecondsAfterFinished, activeDeadlineSeconds, backoffLimit } = rendered.spec as Record<string, unknown>
    assert.deepEqual([ttlSecondsAfterFinished, activeDeadlineSeconds, backoffLimit], [86_400, 3600, 1])
    const env = rendered.spec.template.spec.containers[0]?.env as { name: string; value: string }[]
    assert.deepEqual(Object.fromEntries(env.map(({ name, value }) => [name, value])), {
      PENSTOCK_ROLLOUT: 'checkout',
      PENSTOCK_STEP_INDEX: '1',
      PENSTOCK_CANARY_HASH: 'new',
      PENSTOCK_STABLE_HASH: 'old',
      PENSTOCK_REVISION: 'mine',
    })
  })
})

describe('running it', () => {
  test('creates it when there is none', async () => {
    const { answer, store } = await perform('run', undefined)
    assert.deepEqual(
      store.created.map(({ metadata }) => metadata.name),
      [NAME],
    )
    assert.deepEqual([answer.phase, answer.state, answer.afterSeconds], ['Running', { uid: 'job-1' }, 10])
  })
  const rows: readonly (readonly [string, object | undefined, StepAnswer['phase'], RegExp])[] = [
    ['no status yet', undefined, 'Running', /0 active/],
    ['active pods', { active: 2 }, 'Running', /2 active/],
    ['Complete', condition('Complete'), 'Successful', /is complete/],
    ['Complete, not true', { conditions: [{ type: 'Complete', status: 'False' }] }, 'Running', /runs/],
    [
      'Failed',
      condition('Failed', { reason: 'BackoffLimitExceeded', message: 'it gave up' }),
      'Failed',
      /BackoffLimitExceeded: it gave up/,
    ],
    ['Suspended', condition('Suspended'), 'Running', /is suspended/],
    ['about to succeed', condition('SuccessCriteriaMet'), 'Running', /runs/],
  ]
  for (const [name, status, phase, message] of rows)
    test(`finds its Job with ${name}: ${phase}`, async () => {
      const { answer, store } = await perform('run', ours(status))
      assert.equal(answer.phase, phase)
      assert.match(answer.message ?? '', message)
      assert.deepEqual(store.created, [])
    })
  test('never takes a namesake for its own', async () => {
    const foreign = { ...ours(condition('Complete')), metadata: { ...ours().metadata, annotations: {} } }
    assert.equal((await perform('run', foreign)).answer.phase, 'Error')
    const [owner] = ours().metadata.ownerReferences ?? []
    assert.ok(owner)
    const otherOwner = {
      ...ours(condition('Complete')),
      metadata: { ...ours().metadata, ownerReferences: [{ ...owner, uid: 'other' }] },
    }
    assert.equal((await perform('run', otherOwner)).answer.phase, 'Error')
  })
  test('a Job that somebody deleted has no verdict, and is not run twice', async () => {
    const { answer, store } = await perform('run', undefined, { state: { uid: 'job-1' } })
    assert.deepEqual([answer.phase, store.created.length], ['Inconclusive', 0])
  })
  test('a race of two calls creates one', async () => {
    const raced = new KubeError({ code: 409, reason: 'AlreadyExists' }, 'POST')
    assert.equal((await perform('run', undefined, {}, raced)).answer.phase, 'Running')
  })
  test('other refusals are passed on', async () => {
    await assert.rejects(
      perform('run', undefined, {}, new KubeError({ code: 403, reason: 'Forbidden' }, 'POST')),
      /POST/,
    )
  })
})

describe('terminating it', () => {
  const ending = { operation: 'uid-1/2/k3/1/Terminate.1' }
  test('deletes the Job of the run, by uid, pods included', async () => {
    const { answer, store } = await perform('terminate', ours(), ending)
    assert.equal(answer.phase, 'Successful')
    assert.deepEqual(store.deleted, [{ name: NAME, options: { propagationPolicy: 'Background', uid: 'job-1' } }])
  })
  test('leaves a namesake and an absence alone', async () => {
    const foreign = { ...ours(), metadata: { ...ours().metadata, annotations: {} } }
    for (const found of [undefined, foreign]) {
      const { answer, store } = await perform('terminate', found, ending)
      assert.deepEqual([answer.phase, store.deleted.length], ['Successful', 0])
    }
  })
})
