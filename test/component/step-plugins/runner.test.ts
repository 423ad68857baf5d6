/** The runner against the embedded API server and a real HTTP server: what is called, what is stored, and what no fault may do. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import type { StepEntry } from '../../../controller/api/step-plugin-status.ts'
import { type KubeClient, KubeError } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { rollout } from '../../builders/rollout.ts'
import { type Answering, createCluster, NAMESPACE, type StepCluster, startGate, until } from './cluster.ts'

const bound = { timeout: 60_000 }
const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'tools:1' }] }

/** An entry whose first call waits, as the decision records it. */
function waitingEntry(uid: string, plugin: string, config: object, overrides: Partial<StepEntry> = {}): StepEntry {
  const operation = overrides.operation ?? 'Run'
  return {
    index: 0,
    name: plugin,
    operation,
    phase: 'Running',
    startedAt: '2026-01-01T00:00:00Z',
    status: {
      id: `${uid}/2/k3/0`,
      podHash: 'new',
      task: { plugin, verb: operation === 'Run' ? 'run' : 'terminate', config: { ...config } },
      call: `${uid}/2/k3/0/${operation}.1/1/1`,
    },
    ...overrides,
  }
}

/** A Rollout on the server whose status records that call. */
async function record(cluster: StepCluster, plugin: string, config: object, metadata: object = {}): Promise<StepEntry> {
  const base = rollout({ routed: false })
  const { uid: _uid, ...meta } = base.metadata
  await cluster.create({ ...base, metadata: { ...meta, ...metadata } })
  const uid = (await cluster.read()).metadata.uid ?? ''
  const entry = waitingEntry(uid, plugin, config)
  await cluster.patchStatus({ stableRS: 'old', canary: { stepPluginStatuses: [entry] } })
  return entry
}

const says =
  (phase: string, message?: string): Answering =>
  (_received, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ phase, message }))

async function askGate(t: TestContext, answer: Answering, config: object = {}) {
  const cluster = await createCluster(t)
  const gate = await startGate(t, answer)
  const entry = await record(cluster, 'penstock/webhook', { url: `${gate.url}/ask`, timeoutSeconds: 1, ...config })
  await cluster.startRunner()
  return { cluster, gate, entry, result: await cluster.answer() }
}

describe('a webhook step', () => {
  test('is called once, with its id, and the answer is stored for the next decision', bound, async (t) => {
    const { cluster, gate, entry, result } = await askGate(t, says('Successful', 'approved by Ada'))
    assert.deepEqual([result.call, result.phase, result.message], [entry.status.call, 'Successful', 'approved by Ada'])
    await systemClock.sleep(300)
    assert.equal(gate.received.length, 1)
    const [request] = gate.received
    assert.deepEqual([request?.method, request?.path], ['POST', '/ask'])
    assert.equal(request?.headers['idempotency-key'], `${entry.status.id}/Run.1/1`)
    assert.equal(request?.body.id, `${entry.status.id}/Run.1`)
    assert.equal((await cluster.results()).length, 1)
  })

  const faults: readonly (readonly [string, Answering, RegExp])[] = [
    ['5xx', (_r, response) => void response.writeHead(503).end('down'), /^answered 503$/],
    ['no answer in time', () => {}, /^timeout: /],
    [
      'an answer that drips',
      (_r, response) => {
        response.writeHead(200)
        const timer = setInterval(() => response.write(' '), 100)
        response.on('close', () => clearInterval(timer))
      },
      /^timeout: /,
    ],
    ['a huge answer', (_r, response) => void response.writeHead(200).end('x'.repeat(2_000_000)), /^tooLarge: /],
    ['wrong JSON', (_r, response) => void response.writeHead(200).end('{"phase":"Succ'), /without a phase/],
    ['a hang-up', (_r, response) => void response.destroy(), /^network: /],
  ]
  for (const [name, answer, message] of faults)
    test(`${name} is an Error that names no path`, bound, async (t) => {
      const { result } = await askGate(t, answer)
      assert.equal(result.phase, 'Error')
      assert.match(result.message ?? '', message)
      assert.doesNotMatch(result.message ?? '', /\/ask/)
    })

  test('a redirect is not followed', bound, async (t) => {
    const other = await startGate(t, says('Successful'))
    const { result } = await askGate(t, (_r, response) => void response.writeHead(307, { location: other.url }).end())
    assert.deepEqual([result.phase, result.message], ['Error', 'answered 307'])
    assert.equal(other.received.length, 0)
  })

  test('an address that our rules forbid is not contacted', bound, async (t) => {
    const cluster = await createCluster(t)
    await record(cluster, 'penstock/webhook', { url: 'http://169.254.169.254/latest/meta-data' })
    await cluster.startRunner()
    const result = await cluster.answer()
    assert.equal(result.phase, 'Error')
    assert.match(result.message ?? '', /^denied: /)
  })

  test('a secret header is read when needed, and is found nowhere else', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, says('Failed', 'the token s3cret-t0ken is not good enough'))
    await cluster.client.create(kinds.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'gate', namespace: NAMESPACE },
      data: { token: Buffer.from('s3cret-t0ken').toString('base64') },
    } as KubeObject)
    const headers = [{ key: 'X-Token', valueFrom: { secretKeyRef: { name: 'gate', key: 'token' } } }]
    await record(cluster, 'penstock/webhook', { url: gate.url, headers })
    await cluster.startRunner()
    const result = await cluster.answer()
    assert.equal(gate.received[0]?.headers['x-token'], 's3cret-t0ken')
    assert.equal(result.message, 'the token ***** is not good enough')
    assert.doesNotMatch([JSON.stringify(await cluster.read()), ...cluster.lines].join('\n'), /s3cret-t0ken/)
  })

  test('a secret that is not there is an Error that names it', bound, async (t) => {
    const headers = [{ key: 'X-Token', valueFrom: { secretKeyRef: { name: 'gate', key: 'token' } } }]
    const { result, gate } = await askGate(t, says('Successful'), { headers })
    assert.deepEqual([result.phase, result.message], ['Error', 'secret gate not found'])
    assert.equal(gate.received.length, 0)
  })
})

/** The client of a process that dies at its n-th patch: before it is sent, or before its answer comes back. */
function mortal(client: KubeClient, isApplied: boolean) {
  let isDead = false
  const dead = (): KubeError => new KubeError({ code: 0, reason: 'ConnectionLost' }, 'PATCH')
  const self: KubeClient = {
    ...client,
    async get<T extends KubeObject>(ref: Parameters<KubeClient['get']>[0]) {
      if (isDead) throw dead()
      return client.get<T>(ref)
    },
    async patch<T extends KubeObject>(...args: Parameters<KubeClient['patch']>): Promise<T> {
      if (!isDead && isApplied) await client.patch<T>(...args)
      isDead = true
      throw dead()
    },
  }
  return { client: self, isDead: () => isDead }
}

describe('a process that dies', () => {
  test('between call and answer: the call is made again with the same id', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, says('Successful'))
    const entry = await record(cluster, 'penstock/webhook', { url: gate.url })
    const first = mortal(cluster.client, false)
    const dying = await cluster.startRunner({ client: first.client })
    await until('the process is dead', first.isDead)
    await dying.stop()
    assert.equal((await cluster.results()).length, 0)
    await cluster.startRunner()
    const result = await cluster.answer()
    assert.equal(result.call, entry.status.call)
    assert.equal(gate.received.length, 2)
    assert.equal(gate.received[0]?.headers['idempotency-key'], gate.received[1]?.headers['idempotency-key'])
    assert.deepEqual(gate.received[0]?.body, gate.received[1]?.body)
  })

  test('after the answer was stored: nothing is called again', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, says('Successful'))
    await record(cluster, 'penstock/webhook', { url: gate.url })
    const first = mortal(cluster.client, true)
    const dying = await cluster.startRunner({ client: first.client })
    await until('the process is dead', first.isDead)
    await dying.stop()
    await cluster.startRunner()
    await systemClock.sleep(300)
    assert.deepEqual([gate.received.length, (await cluster.results()).length], [1, 1])
  })

  test(
    'an API server that refuses the answer for a while gets it later, and the call is not repeated',
    bound,
    async (t) => {
      const cluster = await createCluster(t)
      const gate = await startGate(t, says('Successful'))
      await record(cluster, 'penstock/webhook', { url: gate.url })
      let refusals = 2
      const client: KubeClient = {
        ...cluster.client,
        async patch<T extends KubeObject>(...args: Parameters<KubeClient['patch']>): Promise<T> {
          refusals -= 1
          if (refusals >= 0) throw new KubeError({ code: 500, reason: 'InternalError' }, 'PATCH')
          return cluster.client.patch<T>(...args)
        },
      }
      await cluster.startRunner({ client })
      assert.equal((await cluster.answer()).phase, 'Successful')
      assert.equal(gate.received.length, 1)
    },
  )
})

describe('beside other writers', () => {
  test('an answer is stored on what is there then', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, (received, response) => {
      const patched = cluster.patch({ metadata: { annotations: { theirs: 'kept' } } })
      void patched.then(() => says('Successful')(received, response))
    })
    await record(cluster, 'penstock/webhook', { url: gate.url })
    await cluster.startRunner()
    assert.equal((await cluster.answer()).phase, 'Successful')
    assert.equal((await cluster.read()).metadata.annotations?.theirs, 'kept')
    assert.equal(gate.received.length, 1)
  })

  test('a call that nobody waits for any more is given up, and its answer dropped', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, () => {})
    const entry = await record(cluster, 'penstock/webhook', { url: gate.url, timeoutSeconds: 30 })
    await cluster.startRunner()
    await until('the call is under way', () => gate.received.length === 1)
    const { call: _call, ...status } = entry.status
    await cluster.patchStatus({ abort: true, canary: { stepPluginStatuses: [{ ...entry, status }] } })
    await until('the call is given up', () => gate.received[0]?.isGone === true, 5_000)
    await systemClock.sleep(200)
    assert.equal((await cluster.results()).length, 0)
  })

  test('Rollouts of another instance are left alone', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, says('Successful'))
    const labels = { 'argo-rollouts.argoproj.io/controller-instance-id': 'other' }
    await record(cluster, 'penstock/webhook', { url: gate.url }, { labels })
    await cluster.startRunner()
    await cluster.startRunner({ instanceId: 'mine' })
    await systemClock.sleep(300)
    assert.equal(gate.received.length, 0)
    await cluster.startRunner({ instanceId: 'other' })
    assert.equal((await cluster.answer()).phase, 'Successful')
  })

  test('status that somebody made up calls nothing', bound, async (t) => {
    const cluster = await createCluster(t)
    await record(cluster, 'penstock/teleport', {})
    await cluster.startRunner()
    const result = await cluster.answer()
    assert.deepEqual([result.phase, result.message], ['Failed', 'step plugin "penstock/teleport" is not known'])
  })
})

interface Job extends KubeObject {
  readonly spec: { readonly template: unknown }
}

describe('a Job step', () => {
  const config = { spec: { template: { spec: podSpec } } }
  async function listJobs(cluster: StepCluster): Promise<readonly Job[]> {
    return (await cluster.client.list<Job>(kinds.jobs, { namespace: NAMESPACE })).items
  }
  /** The next call of the same operation, and its answer. */
  async function callAgain(cluster: StepCluster, entry: StepEntry): Promise<void> {
    const status = {
      ...entry.status,
      call: `${entry.status.id}/${entry.operation}.1/2/2`,
      state: (await cluster.answer()).state,
    }
    await cluster.patch({ metadata: { annotations: { 'penstock.dev/step-results': null } } })
    await cluster.patchStatus({ canary: { stepPluginStatuses: [{ ...entry, status }] } })
  }

  test(
    'runs one Job that the Rollout owns, passes when it is complete, and is deleted when terminated',
    bound,
    async (t) => {
      const cluster = await createCluster(t)
      const entry = await record(cluster, 'penstock/job', config)
      await cluster.startRunner()
      assert.equal((await cluster.answer()).phase, 'Running')
      const [job, ...others] = await listJobs(cluster)
      assert.ok(job && others.length === 0)
      const owner = (await cluster.read()).metadata
      assert.deepEqual(
        job.metadata.ownerReferences?.map(({ uid, kind }) => [uid, kind]),
        [[owner.uid, 'Rollout']],
      )

      const conditions = [
        { type: 'SuccessCriteriaMet', status: 'True' },
        { type: 'Complete', status: 'True' },
      ]
      const done = {
        conditions,
        succeeded: 1,
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:09Z',
      }
      await cluster.client.patch(kinds.refOf(kinds.jobs, job), 'merge', { status: done }, { subresource: 'status' })
      await callAgain(cluster, entry)
      assert.equal((await cluster.answer()).phase, 'Successful')
      assert.equal((await listJobs(cluster)).length, 1)

      const terminate = waitingEntry(owner.uid ?? '', 'penstock/job', config, { operation: 'Terminate' })
      await cluster.patch({ metadata: { annotations: { 'penstock.dev/step-results': null } } })
      await cluster.patchStatus({ canary: { stepPluginStatuses: [terminate] } })
      assert.equal((await cluster.answer()).phase, 'Successful')
      await until('the Job is gone', async () => (await listJobs(cluster)).length === 0)
    },
  )

  test('a repeated call after a crash finds the Job of the first', bound, async (t) => {
    const cluster = await createCluster(t)
    await record(cluster, 'penstock/job', config)
    const first = mortal(cluster.client, false)
    const dying = await cluster.startRunner({ client: first.client })
    await until('the process is dead', first.isDead)
    await dying.stop()
    assert.equal((await listJobs(cluster)).length, 1)
    await cluster.startRunner()
    assert.equal((await cluster.answer()).phase, 'Running')
    assert.equal((await listJobs(cluster)).length, 1)
  })
})

test('a wait-until step sees an object of its namespace', bound, async (t) => {
  const cluster = await createCluster(t)
  await cluster.client.create(kinds.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'freeze', namespace: NAMESPACE },
    data: { state: 'over' },
  } as KubeObject)
  const object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'freeze', jsonPath: '{.data.state}', equals: 'over' }
  await record(cluster, 'penstock/wait-until', { object })
  await cluster.startRunner()
  assert.equal((await cluster.answer()).phase, 'Successful')
})

test('a wait-until step takes a kind that is not served for no absence', bound, async (t) => {
  const cluster = await createCluster(t)
  const object = { apiVersion: 'db.example/v1', kind: 'Lock', name: 'freeze', jsonPath: '{.spec}', exists: false }
  await record(cluster, 'penstock/wait-until', { object })
  await cluster.startRunner()
  const { phase, message } = await cluster.answer()
  assert.equal(phase, 'Error')
  assert.match(message ?? '', /^the cluster serves no locks in version v1 of db\.example/)
})

describe('controller and runner together', () => {
  const step = (path: string, url: string, config: object = {}) => ({
    plugin: { name: 'penstock/webhook', config: { url: `${url}/${path}`, ...config } },
  })
  /** No pods are wanted, so that only the steps take time. */
  async function release(cluster: StepCluster, steps: Parameters<typeof rollout>[0]): Promise<void> {
    const { uid: _uid, ...metadata } = rollout().metadata
    await cluster.create({ ...rollout({ replicas: 0, routed: false, ...steps }), metadata } as Rollout)
    await cluster.startController()
    await cluster.startRunner()
    await until('the first version is stable', async () => (await cluster.read()).status?.phase === 'Healthy')
    const containers = [{ name: 'app', image: 'shop:2' }]
    await cluster.patch({ spec: { template: { spec: { containers } } } })
  }

  test('approvals are asked one after the other, and the update completes', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, says('Successful'))
    await release(cluster, { steps: [step('one', gate.url), { setWeight: 50 }, step('two', gate.url)] })
    await until('both steps were called', () => gate.received.length === 2)
    await until('the update is complete', async () => {
      const { status } = await cluster.read()
      return status?.phase === 'Healthy' && status.currentPodHash === status.stableRS && status.currentStepIndex === 3
    })
    assert.deepEqual(
      gate.received.map(({ path }) => path),
      ['/one', '/two'],
    )
    await until('the answers are dropped', async () => (await cluster.results()).length === 0)
    const phases = (await cluster.entries()).map(({ index, phase, executions }) => [index, phase, executions])
    assert.deepEqual(phases, [
      [0, 'Successful', 1],
      [2, 'Successful', 1],
    ])
  })

  test('a refusal aborts, and what was begun is undone in reverse, each once', bound, async (t) => {
    const cluster = await createCluster(t)
    const gate = await startGate(t, (received, response) =>
      says(received.path === '/three' ? 'Failed' : 'Successful', received.path === '/three' ? 'not today' : undefined)(
        received,
        response,
      ),
    )
    const undo = (path: string) => ({
      compensate: { name: 'penstock/webhook', config: { url: `${gate.url}/undo-${path}` } },
    })
    const steps = [step('one', gate.url, undo('one')), step('two', gate.url, undo('two')), step('three', gate.url)]
    await release(cluster, { steps })
    await until('everything is undone', async () => {
      const entries = await cluster.entries()
      const endings = entries.filter(({ operation }) => operation !== 'Run')
      return endings.length === 2 && endings.every(({ finishedAt }) => finishedAt !== undefined)
    })
    const { status } = await cluster.read()
    assert.equal(status?.abort, true)
    assert.match(status?.message ?? '', /Step Plugin 3 \(penstock\/webhook\) failed: not today/)
    assert.deepEqual(
      gate.received.map(({ path }) => path),
      ['/one', '/two', '/three', '/undo-two', '/undo-one'],
    )
    assert.deepEqual(
      gate.received.slice(3).map(({ body }) => body.operation),
      ['Abort', 'Abort'],
    )
  })
})
