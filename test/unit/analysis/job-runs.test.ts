/** AnalysisRuns whose metrics are Jobs, on an in-process API server; the tests play the Job controller. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { AnalysisRun, AnalysisRunSpec, Metric } from '../../../controller/api/analysis.ts'
import type { Job } from '../../../controller/api/job.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { analysisRuns, jobs, pods, secrets } from '../../../controller/kube/kinds.ts'
import type { HttpResponse } from '../../../controller/runtime/http.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { createAnalysisCluster } from './analysis-cluster.ts'

const namespace = 'default'
const container = { name: 'main', image: 'busybox' }
const jobSpec: Job['spec'] = {
  backoffLimit: 0,
  template: { spec: { restartPolicy: 'Never', containers: [container] } },
}
const jobMetric = (name: string, changes: Partial<Metric> = {}): Metric => ({
  name,
  provider: { job: { spec: jobSpec } },
  ...changes,
})
const webMetric: Metric = { name: 'web', successCondition: 'result < 1', provider: { web: { url: 'http://w/' } } }

async function setUp(
  context: TestContext,
  answer: () => HttpResponse = () => ({ status: 500, headers: {}, body: '' }),
) {
  const clock = createFakeClock()
  const cluster = await createAnalysisCluster({ clock, http: { send: () => Promise.resolve(answer()) } })
  context.after(() => cluster.close())
  await clock.advance(10)
  const settle = async (ms = 300): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) await clock.advance(50)
  }
  const list = async (): Promise<readonly Job[]> => (await cluster.client.list<Job>(jobs, { namespace })).items
  return {
    clock,
    cluster,
    settle,
    listJobs: list,
    start: (metrics: readonly Metric[], rest: Partial<AnalysisRunSpec> = {}, annotations = {}) =>
      cluster.createRun('run', { metrics: [...metrics], ...rest }, annotations),
    async read(): Promise<AnalysisRun> {
      const run = await cluster.getRun('run')
      assert.ok(run)
      return run
    },
    async end(job: Job | undefined, type: 'Complete' | 'Failed', reason = 'ByTheTest'): Promise<void> {
      assert.ok(job)
      const conditions = [{ type, status: 'True', reason }]
      const status = { conditions, ...(type === 'Complete' ? { succeeded: 1 } : { failed: 1 }) }
      await cluster.client.patch(refOf(job), 'merge', { status }, { subresource: 'status' })
    },
    terminate: () =>
      cluster.client.patch({ kind: analysisRuns, namespace, name: 'run' }, 'merge', { spec: { terminate: true } }),
  }
}

const refOf = (job: Job) => ({ kind: jobs, namespace, name: job.metadata.name })
const measurementsOf = (run: AnalysisRun, metric = 'smoke') =>
  run.status?.metricResults?.find(({ name }) => name === metric)?.measurements ?? []
const phasesOf = (run: AnalysisRun, metric = 'smoke') => measurementsOf(run, metric).map(({ phase }) => phase)

describe('a run that measures by a Job', () => {
  test('waits for it without a write, and completes with it', async (context) => {
    const { cluster, settle, listJobs, start, read, end } = await setUp(context)
    cluster.startController()
    const { metadata } = await start([jobMetric('smoke')])
    await settle()
    const [job, ...others] = await listJobs()
    assert.equal(others.length, 0)
    assert.equal(job?.metadata.name, `${metadata.uid}.smoke.1`)
    assert.equal(job.metadata.ownerReferences?.[0]?.uid, metadata.uid)
    const [measurement] = measurementsOf(await read())
    assert.deepEqual(measurement?.metadata, { 'job-name': job.metadata.name, 'job-namespace': namespace })
    assert.equal(measurement.phase, 'Running')
    assert.equal(measurement.resumeAt, measurement.startedAt)
    assert.equal((await read()).status?.phase, 'Running')
    await settle(120_000)
    assert.deepEqual(cluster.writes, ['create jobs', 'patch analysisruns'], 'waiting writes nothing')
    await end(job, 'Complete')
    await settle(100)
    const run = await read()
    assert.equal(run.status?.phase, 'Successful')
    assert.deepEqual(phasesOf(run), ['Successful'])
    assert.equal(run.status.metricResults?.[0]?.count, 1)
    assert.deepEqual(cluster.writes.slice(2), ['patch analysisruns'])
    assert.equal((await listJobs()).length, 1, 'its logs are kept')
  })

  test('fails with it, and says why the Job did where Argo says nothing', async (context) => {
    const { cluster, settle, listJobs, start, read, end } = await setUp(context)
    cluster.startController()
    await start([jobMetric('smoke')])
    await settle()
    await end((await listJobs())[0], 'Failed', 'BackoffLimitExceeded')
    await settle(100)
    const run = await read()
    assert.equal(run.status?.phase, 'Failed')
    assert.equal(run.status.message, 'Metric "smoke" assessed Failed due to failed (1) > failureLimit (0)')
    assert.equal(measurementsOf(run)[0]?.metadata?.['job-reason'], 'BackoffLimitExceeded')
  })

  test('puts arguments into the Job and masks secret ones in what comes back', async (context) => {
    const { cluster, settle, listJobs, start, read } = await setUp(context)
    const data = { token: Buffer.from('s3cret-image').toString('base64') }
    const secret = { metadata: { name: 'key', namespace }, data } as KubeObject
    await cluster.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', ...secret })
    cluster.startController()
    const containers = [{ name: 'main', image: '{{args.image}}', args: ['sleep {{args.duration}}'] }]
    const spec = { template: { spec: { restartPolicy: 'Never', containers } } }
    await start([jobMetric('smoke', { provider: { job: { spec } } })], {
      args: [
        { name: 'duration', value: '5' },
        { name: 'image', valueFrom: { secretKeyRef: { name: 'key', key: 'token' } } },
      ],
    })
    await settle()
    const [job] = await listJobs()
    assert.ok(job)
    assert.equal(JSON.stringify(job.spec.template.spec.containers[0]).includes('sleep 5'), true)
    assert.equal(job.spec.template.spec.containers[0]?.image, 's3cret-image')
    await waitForImage(cluster.client, job, 'cannot pull s3cret-image')
    await settle(5_000)
    const run = await read()
    assert.equal(run.status?.phase, 'Inconclusive')
    assert.match(measurementsOf(run)[0]?.message ?? '', /ErrImagePull\): cannot pull \*{5}$/)
    assert.equal(JSON.stringify(run.status).includes('s3cret'), false)
  })

  test('takes so many measurements as asked for, each a Job of its own, and keeps the newest', async (context) => {
    const { cluster, settle, listJobs, start, read, end } = await setUp(context)
    cluster.startController()
    const { metadata } = await start([jobMetric('smoke', { count: 4, interval: '1s' })], {
      measurementRetention: [{ metricName: 'smoke', limit: 2 }],
    })
    for (const index of [1, 2, 3, 4]) {
      await settle(2_000)
      await end(
        (await listJobs()).find(({ metadata: { name } }) => name.endsWith(`.${index}`)),
        'Complete',
      )
    }
    await settle()
    const run = await read()
    assert.equal(run.status?.phase, 'Successful')
    assert.equal(run.status.metricResults?.[0]?.successful, 4)
    assert.equal(measurementsOf(run).length, 2)
    const names = (await listJobs()).map((job) => job.metadata.name)
    assert.deepEqual(names, [`${metadata.uid}.smoke.3`, `${metadata.uid}.smoke.4`])
  })

  test('leaves the Jobs of another metric alone when it clears up its own', async (context) => {
    const { cluster, settle, listJobs, start, end } = await setUp(context)
    cluster.startController()
    await start([jobMetric('smoke', { count: 3, interval: '1s' }), jobMetric('slow')], {
      measurementRetention: [{ metricName: 'smoke', limit: 1 }],
    })
    const indexes = async () => (await listJobs()).map(({ metadata: { name } }) => name.split('.').slice(1).join('.'))
    for (const index of [1, 2]) {
      await settle(2_000)
      await end(
        (await listJobs()).find(({ metadata: { name } }) => name.endsWith(`smoke.${index}`)),
        'Complete',
      )
    }
    await settle(2_000)
    assert.deepEqual(await indexes(), ['slow.1', 'smoke.3'])
  })
})

async function waitForImage(client: Awaited<ReturnType<typeof setUp>>['cluster']['client'], job: Job, message: string) {
  const labels = job.spec.selector?.matchLabels ?? {}
  const waiting = { reason: 'ErrImagePull', message }
  const status = { phase: 'Pending', containerStatuses: [{ name: 'main', state: { waiting } }] }
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace, labels },
    spec: { containers: [container] },
  }
  await client.create(pods, pod as KubeObject)
  await client.patch({ kind: pods, namespace, name: 'p' }, 'merge', { status }, { subresource: 'status' })
  await client.patch(refOf(job), 'merge', { status: { active: 1, ready: 0 } }, { subresource: 'status' })
}

describe('a Job that is ended', () => {
  for (const compat of ['strict', 'argo'] as const)
    test(`${compat}: with its run is deleted, and its measurement is no evidence, or Argo's success`, async (context) => {
      const { cluster, settle, listJobs, start, read, terminate } = await setUp(context)
      cluster.startController()
      await start([jobMetric('smoke')], {}, { 'penstock.dev/compat': compat })
      await settle()
      assert.equal((await listJobs()).length, 1)
      await terminate()
      await settle()
      assert.deepEqual(await listJobs(), [])
      const run = await read()
      const [measurement] = measurementsOf(run)
      const phase = compat === 'strict' ? 'Inconclusive' : 'Successful'
      assert.deepEqual([measurement?.phase, measurement?.message], [phase, 'Metric Terminated'])
      assert.equal(run.status?.phase, phase)
      const said = compat === 'strict' ? /^Terminated: Metric "smoke" .* was terminated/ : /^Run Terminated$/
      assert.match(run.status.message ?? '', said)
    })

  test('strict: an endless metric whose Jobs passed stays passed, though its last one was ended with the run', async (context) => {
    const { cluster, settle, listJobs, start, read, terminate, end } = await setUp(context)
    cluster.startController()
    await start([jobMetric('smoke', { interval: '1s', failureLimit: 1 })])
    await settle()
    await end((await listJobs())[0], 'Complete')
    await settle(1_500)
    assert.equal((await listJobs()).length, 2)
    await terminate()
    await settle()
    const run = await read()
    assert.deepEqual(
      measurementsOf(run).map(({ phase, message }) => [phase, message]),
      [
        ['Successful', undefined],
        ['Inconclusive', 'Metric Terminated'],
      ],
    )
    assert.deepEqual([run.status?.phase, run.status?.message], ['Successful', 'Run Terminated'])
    assert.equal(run.status?.metricResults?.[0]?.count, 1)
  })

  test('goes with a metric that has failed, which speaks for the run', async (context) => {
    const { cluster, settle, listJobs, start, read } = await setUp(context, () => ({
      status: 200,
      headers: {},
      body: '5',
    }))
    cluster.startController()
    await start([jobMetric('smoke'), { ...webMetric, initialDelay: '5s' }])
    await settle(2_000)
    assert.equal((await listJobs()).length, 1)
    await settle(5_000)
    assert.deepEqual(await listJobs(), [])
    const run = await read()
    assert.equal(run.status?.phase, 'Failed')
    assert.match(run.status.message ?? '', /^Metric "web" assessed Failed/)
  })

  test('keeps the verdict that it came to by itself just before', async (context) => {
    const { cluster, settle, listJobs, start, read, end, terminate } = await setUp(context)
    cluster.startController()
    await start([jobMetric('smoke')])
    await settle()
    cluster.faults.delayEvents('jobs', 60_000)
    await end((await listJobs())[0], 'Failed')
    await terminate()
    await settle()
    assert.equal((await read()).status?.phase, 'Failed')
    assert.equal((await listJobs()).length, 1)
  })

  test('is found even when no measurement knows of it', async (context) => {
    const { cluster, settle, listJobs, start, read, terminate } = await setUp(context)
    const { metadata } = await start([jobMetric('smoke')])
    await cluster.client.create(jobs, unrecordedJob(metadata.uid ?? ''))
    await terminate()
    cluster.startController()
    await settle()
    assert.deepEqual(await listJobs(), [])
    assert.equal((await read()).status?.phase, 'Inconclusive')
  })

  test('by somebody else is measured again after a while', async (context) => {
    const { cluster, settle, listJobs, start, read } = await setUp(context)
    cluster.startController()
    await start([jobMetric('smoke')])
    await settle()
    const [job] = await listJobs()
    assert.ok(job)
    await cluster.client.delete(refOf(job))
    await settle()
    const run = await read()
    assert.deepEqual(phasesOf(run), ['Error'])
    assert.equal(measurementsOf(run)[0]?.message, `job.batch "${job.metadata.name}" not found`)
    await settle(11_000)
    assert.deepEqual(
      (await listJobs()).map(({ metadata }) => metadata.name.split('.').at(-1)),
      ['2'],
    )
  })
})

function unrecordedJob(uid: string, metric = 'smoke'): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${uid}.smoke.1`,
      namespace,
      labels: { 'analysisrun.argoproj.io/uid': uid },
      annotations: { 'analysisrun.argoproj.io/metric-name': metric },
      ownerReferences: [
        { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', name: 'run', uid, controller: true },
      ],
    },
    spec: jobSpec,
  }
}

describe('trouble with the API server', () => {
  test('a Job whose creation was not recorded is taken over, not created twice', async (context) => {
    const { cluster, settle, listJobs, start, read, end } = await setUp(context)
    const { metadata } = await start([jobMetric('smoke')])
    await cluster.client.create(jobs, unrecordedJob(metadata.uid ?? ''))
    cluster.startController()
    await settle()
    const [job, ...others] = await listJobs()
    assert.equal(others.length, 0)
    await end(job, 'Complete')
    await settle()
    assert.equal((await read()).status?.phase, 'Successful')
  })

  for (const [title, forge] of [
    ['of nobody', (job: Job) => ({ ...job, metadata: { ...job.metadata, ownerReferences: [] } })],
    ['of another metric', (job: Job) => job],
  ] as const)
    test(`a namesake ${title} is never taken for ours`, async (context) => {
      const { cluster, settle, listJobs, start, read, end } = await setUp(context)
      const run = await start([jobMetric('smoke')])
      await cluster.client.create(jobs, forge(unrecordedJob(run.metadata.uid ?? '', 'sm')))
      await end((await listJobs())[0], 'Complete')
      cluster.startController()
      await settle()
      assert.deepEqual(phasesOf(await read()), ['Error'])
      assert.match(measurementsOf(await read())[0]?.message ?? '', /exists that is not of this metric/)
    })

  test('a creation that lost its answer is found again', async (context) => {
    const { cluster, settle, listJobs, start, read } = await setUp(context)
    cluster.faults.cutNext({ verb: 'create', plural: 'jobs' }, 1, { applied: true })
    cluster.startController()
    await start([jobMetric('smoke')])
    await settle(3_000)
    assert.deepEqual(phasesOf(await read()), ['Running'])
    const names = (await listJobs()).map(({ metadata }) => metadata.name)
    assert.deepEqual(names, [measurementsOf(await read())[0]?.metadata?.['job-name']])
  })

  test('a server that is down is asked again after a while, and starves no other metric', async (context) => {
    const { cluster, settle, start, read } = await setUp(context, () => ({ status: 200, headers: {}, body: '0' }))
    cluster.faults.failNext({ verb: 'create', plural: 'jobs' }, 5, { code: 503 })
    cluster.startController()
    await start([jobMetric('smoke'), webMetric])
    await settle()
    assert.deepEqual([phasesOf(await read(), 'web'), phasesOf(await read())], [['Successful'], []])
    const tries = () => cluster.writes.filter((write) => write === 'create jobs').length
    assert.equal(tries(), 2, 'once by the pass, once by the change that it wrote')
    await settle(2_000)
    assert.equal(tries(), 4)
    await settle(3_000)
    assert.deepEqual(phasesOf(await read()), ['Running'])
    assert.equal(measurementsOf(await read())[0]?.metadata?.['job-name']?.endsWith('.1'), true)
  })

  test('a refused creation is an error of the measurement', async (context) => {
    const { cluster, settle, start, read } = await setUp(context)
    cluster.faults.failNext({ verb: 'create', plural: 'jobs' }, 1, { code: 403, reason: 'Forbidden' })
    cluster.startController()
    await start([jobMetric('smoke')])
    await settle()
    assert.deepEqual(phasesOf(await read()), ['Error'])
  })

  test('a status edited by hand leads to nobody else’s Job', async (context) => {
    const { cluster, settle, listJobs, start, read } = await setUp(context)
    const run = await start([jobMetric('smoke')])
    const { ownerReferences: _nobody, ...foreignMetadata } = unrecordedJob(run.metadata.uid ?? '').metadata
    const foreign: Job = { ...unrecordedJob(''), metadata: { ...foreignMetadata, name: 'nightly' } }
    await cluster.client.create(jobs, foreign)
    const edit = (metadata: object) => ({
      phase: 'Running',
      startedAt: '2026-01-01T00:00:00Z',
      metricResults: [{ name: 'smoke', phase: 'Running', measurements: [{ phase: 'Running', metadata }] }],
    })
    const ref = { kind: analysisRuns, namespace, name: 'run' }
    const metadata = { 'job-name': foreign.metadata.name, 'job-namespace': namespace }
    await cluster.client.patch(ref, 'merge', { status: edit(metadata), spec: { ...run.spec, terminate: true } })
    cluster.startController()
    await settle()
    assert.equal((await read()).status?.phase, 'Inconclusive')
    assert.equal((await listJobs()).length, 1)
    for (const [bad, message] of [
      [metadata, /is not of this metric/],
      [{ ...metadata, 'job-namespace': 'kube-system' }, /another namespace/],
      [{}, /^job metadata reference missing$/],
    ] as const) {
      await cluster.client.patch(ref, 'merge', { status: null, spec: { terminate: null } })
      await cluster.client.patch(ref, 'merge', { status: edit(bad) })
      await settle()
      assert.match(measurementsOf(await read())[0]?.message ?? '', message)
    }
  })

  test('no watch of Jobs: the end is found by looking', async (context) => {
    const { cluster, settle, listJobs, start, read, end } = await setUp(context)
    cluster.faults.delayEvents('jobs', 3_600_000)
    cluster.startController()
    await start([jobMetric('smoke')])
    await settle()
    await end((await listJobs())[0], 'Complete')
    await settle(5_000)
    assert.equal((await read()).status?.phase, 'Successful')
  })
})
