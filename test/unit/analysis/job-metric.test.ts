/** A Job as a metric: what may be written, which Job comes of it, and what its state says. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  findOutdated,
  isJobOf,
  type JobOrder,
  type JobPod,
  judgeJob,
  mayLackImage,
  renderJob,
  renderJobName,
} from '../../../analysis/providers/job.ts'
import type { Job } from '../../../controller/api/job.ts'
import { validateMetric } from '../../../controller/metric-language/validate-analysis.ts'

const uid = '5d2c3c0e-1d5d-4d5e-8a65-1f1d0c9a7b11'
const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] }
const spec = { backoffLimit: 0, template: { spec: podSpec } }
const order: JobOrder = {
  config: { spec },
  metricName: 'smoke',
  index: 1,
  run: { name: 'web-2-1', namespace: 'shop' },
  owner: { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', name: 'web-2-1', uid, controller: true },
}

function render(changes: Partial<JobOrder> = {}): Job {
  const job = renderJob({ ...order, ...changes })
  assert.ok(!('problem' in job), 'problem' in job ? job.problem : '')
  return job
}

describe('a metric that runs a Job', () => {
  const withPod = (changes: object) => ({ spec: { ...spec, template: { spec: { ...podSpec, ...changes } } } })

  /** provider.job, the problem */
  const rows: readonly (readonly [string, Record<string, unknown>, RegExp | undefined])[] = [
    ['a whole spec', { spec }, undefined],
    ['OnFailure', withPod({ restartPolicy: 'OnFailure' }), undefined],
    ['fields that are none of our business', withPod({ serviceAccountName: 'tester', volumes: [] }), undefined],
    ['labels of its own', { metadata: { labels: { team: 'a' } }, spec }, undefined],
    ['an argument as policy', withPod({ restartPolicy: '{{args.policy}}' }), undefined],
    ['no spec', {}, /^metrics\[0\]\.provider\.job\.spec: /],
    ['no template', { spec: {} }, /^metrics\[0\]\.provider\.job\.spec\.template: /],
    ['no pod', { spec: { template: {} } }, /\.spec\.template\.spec: /],
    ['no containers', withPod({ containers: undefined }), /\.containers: /],
    ['an empty list of them', withPod({ containers: [] }), /\.containers: /],
    ['a container without an image', withPod({ containers: [{ name: 'main' }] }), /\.containers\.0\.image: /],
    [
      'no policy, which means Always',
      withPod({ restartPolicy: undefined }),
      /\.restartPolicy: must be Never or OnFailure/,
    ],
    ['Always', withPod({ restartPolicy: 'Always' }), /\.restartPolicy: must be Never or OnFailure/],
    ['a label that is no text', { metadata: { labels: { n: 1 } }, spec }, /\.metadata\.labels\.n: /],
  ]
  for (const [title, job, problem] of rows)
    test(`${title}: ${problem ? 'refused' : 'accepted'}`, () => {
      const found = validateMetric({ name: 'm', provider: { job } }, 'metrics[0]')
      const text = found.map(({ field, message }) => `${field}: ${message}`).join('; ')
      if (problem) assert.match(text, problem)
      else assert.equal(text, '')
    })
})

describe('the Job of a measurement', () => {
  test('carries what Argo puts on it, besides what its author does', () => {
    const metadata = { labels: { foo: 'bar', 'analysisrun.argoproj.io/uid': 'forged' }, annotations: { foo2: 'bar2' } }
    const template = { metadata: { labels: { rev: '2' } }, spec: podSpec }
    const job = render({ config: { metadata, spec: { ...spec, template } }, index: 3 })
    assert.deepEqual(job.metadata, {
      name: `${uid}.smoke.3`,
      namespace: 'shop',
      labels: { foo: 'bar', 'analysisrun.argoproj.io/uid': uid },
      annotations: {
        foo2: 'bar2',
        'analysisrun.argoproj.io/name': 'web-2-1',
        'analysisrun.argoproj.io/namespace': 'shop',
        'analysisrun.argoproj.io/metric-name': 'smoke',
      },
      ownerReferences: [order.owner],
    })
    const labels = { rev: '2', 'analysisrun.argoproj.io/uid': uid }
    assert.deepEqual(job.spec, { ...spec, template: { metadata: { labels }, spec: podSpec } })
  })

  test('is the same for the same order', () => assert.deepEqual(render(), render()))

  test('is not rendered from a config that is none', () =>
    assert.match(JSON.stringify(renderJob({ ...order, config: { spec: {} } })), /"problem":"job\.spec\.template/))

  for (const name of [
    'm',
    'integration-tests-checkout-eu-central-1',
    'Success Rate',
    '-.-',
    'Ünïcode',
    'a-very-long-metric-n-ends-so',
  ])
    test(`of metric "${name}" has a name that is a label and belongs to it alone`, () => {
      for (const index of [1, 10, 12_345]) {
        const jobName = renderJobName(uid, name, index)
        assert.ok(jobName.length <= 63, jobName)
        assert.match(jobName, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/)
        assert.ok(jobName.startsWith(`${uid}.`) && jobName.endsWith(`.${index}`))
        assert.notEqual(jobName, renderJobName(uid, `${name}x`, index))
      }
    })

  test('is told by its owner and its metric, not by its name', () => {
    const job = render()
    assert.equal(isJobOf(job, uid, 'smoke'), true)
    assert.equal(isJobOf(job, uid, 'other'), false)
    assert.equal(isJobOf(job, 'other', 'smoke'), false)
    assert.equal(isJobOf(job, undefined, 'smoke'), false)
    const { annotations: _none, ...plain } = job.metadata
    assert.equal(isJobOf({ metadata: plain }, uid, 'smoke'), true, 'an older Argo wrote no annotation')
    const shared = { ...job.metadata, ownerReferences: [{ ...order.owner, controller: false }] }
    assert.equal(isJobOf({ metadata: shared }, uid, 'smoke'), false)
  })

  test('is outdated when as many newer ones are kept', () => {
    const jobs = [9, 10, 1, 11, 2].map((index) => render({ index }))
    const numbers = (limit: number) =>
      findOutdated(jobs, 11, limit).map(({ metadata }) => metadata.name.split('.').at(-1))
    assert.deepEqual(numbers(2), ['9', '1', '2'])
    assert.deepEqual(numbers(10), ['1'])
    assert.deepEqual(numbers(11), [])
  })
})

describe('what a Job says', () => {
  const condition = (type: string, status = 'True', rest: object = {}) => ({ type, status, ...rest })
  const waiting = (
    reason: string,
    list: 'containerStatuses' | 'initContainerStatuses' = 'containerStatuses',
  ): JobPod => ({
    metadata: { name: 'p' },
    status: { [list]: [{ name: 'main', state: { waiting: { reason, message: 'no such image' } } }] },
  })
  const running: JobPod = { metadata: { name: 'p' }, status: { containerStatuses: [{ name: 'main', state: {} }] } }
  const failed = condition('Failed', 'True', { reason: 'BackoffLimitExceeded', message: 'limit' })

  /** conditions, pods, the measurement */
  const rows: readonly (readonly [string, Job['status'], readonly JobPod[], string])[] = [
    ['nothing yet', undefined, [], 'goes on'],
    ['no conditions', { active: 1 }, [running], 'goes on'],
    ['Complete', { conditions: [condition('Complete')] }, [], 'Successful'],
    ['Failed', { conditions: [failed] }, [], 'Failed BackoffLimitExceeded'],
    ['Failed without a reason', { conditions: [condition('Failed')] }, [], 'Failed'],
    ['Complete=False', { conditions: [condition('Complete', 'False')] }, [], 'goes on'],
    ['Failed=Unknown', { conditions: [condition('Failed', 'Unknown')] }, [], 'goes on'],
    ['both', { conditions: [condition('Complete'), condition('Failed')] }, [], 'Failed'],
    ['Suspended', { conditions: [condition('Suspended')] }, [], 'goes on'],
    ['criteria met, pods not gone', { conditions: [condition('SuccessCriteriaMet')] }, [], 'goes on'],
    ['failure certain, pods not gone', { conditions: [condition('FailureTarget')] }, [], 'goes on'],
    ['a succeeded pod without the condition', { active: 0 }, [], 'goes on'],
    ['ErrImagePull', {}, [waiting('ErrImagePull')], 'Inconclusive'],
    ['ImagePullBackOff', {}, [waiting('ImagePullBackOff')], 'Inconclusive'],
    ['InvalidImageName', {}, [waiting('InvalidImageName')], 'Inconclusive'],
    ['an init container', {}, [waiting('ErrImagePull', 'initContainerStatuses')], 'Inconclusive'],
    ['the second pod', {}, [running, waiting('ErrImagePull')], 'Inconclusive'],
    ['ContainerCreating', {}, [waiting('ContainerCreating')], 'goes on'],
    ['CrashLoopBackOff', {}, [waiting('CrashLoopBackOff')], 'goes on'],
    [
      'Complete, and a pod that lacks its image',
      { conditions: [condition('Complete')] },
      [waiting('ErrImagePull')],
      'Successful',
    ],
  ]
  for (const [title, status, pods, expected] of rows)
    test(`${title}: ${expected}`, () => {
      const outcome = judgeJob({ ...render(), ...(status ? { status } : {}) }, pods)
      const reason = outcome?.metadata?.['job-reason']
      assert.equal([outcome?.phase ?? 'goes on', ...(reason ? [reason] : [])].join(' '), expected)
      if (expected === 'Inconclusive')
        assert.match(outcome?.message ?? '', /^Pod p, container main has terminal error \(\w+\): no such image$/)
      else assert.equal(outcome?.message, undefined, 'Argo gives no message for an end')
    })

  test('its pods are worth a look only while some have not come up', () => {
    const of = (status: Job['status']) => mayLackImage({ ...render(), ...(status ? { status } : {}) })
    assert.deepEqual(
      [of(undefined), of({ active: 1, ready: 1 }), of({ active: 1 }), of({ active: 2, ready: 1 })],
      [false, false, true, true],
    )
  })
})
