/**
 * The CLI as people run it: the bundle as a process with a kubeconfig, against the embedded API server with the chart's CRDs. That the
 * sources behave as the bundle is `packaging`'s to test.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { renderCrds } from '../../../controller/api/crd/crds.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import type { KubeClient, ResourceKind } from '../../../controller/kube/client.ts'
import { analysisRuns, apiVersionOf, namespaces, replicaSets, rollouts } from '../../../controller/kube/kinds.ts'
import { writeKubeconfig } from '../../../sandbox/api-server/kubeconfig.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { analysisRun, canaryRollout, replicaSets as sets } from '../../unit/cli/canary-objects.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const TOKEN = 'a-token-of-the-test'
const crdKind: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

describe('the CLI as a process', () => {
  const directory = mkdtempSync(join(tmpdir(), 'penstock-cli-'))
  const kubeconfig = join(directory, 'kubeconfig')
  const bin = join(directory, 'bundle', 'cli.js')
  const server = createApiServer({ tokens: [TOKEN] })
  const client: KubeClient = server.client()
  const env = { ...process.env, KUBECONFIG: kubeconfig, LANG: 'C.UTF-8', LC_ALL: '' }

  const penstock = (...args: string[]): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(process.execPath, [bin, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
    })
  const setStatus = (status: object) =>
    client.patch({ kind: rollouts, namespace: 'shop', name: 'web' }, 'merge', { status }, { subresource: 'status' })
  const readRollout = async (): Promise<Rollout> => {
    const rollout = await client.get<Rollout>({ kind: rollouts, namespace: 'shop', name: 'web' })
    assert.ok(rollout)
    return rollout
  }
  /** Creates the object with the uid of its new owner, as a controller would. */
  const createOwned = (kind: ResourceKind, object: KubeObject, owner: KubeObject) => {
    const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, ...metadata } = object.metadata
    const reference = {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      name: 'web',
      uid: owner.metadata.uid ?? '',
    }
    return client.create(kind, {
      ...object,
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { ...metadata, ownerReferences: [reference] },
    })
  }

  let url = ''
  before(async () => {
    await promisify(execFile)(process.execPath, ['--import', 'tsx', 'build.ts', join(directory, 'bundle')], {
      cwd: root,
    })
    url = (await server.listen()).url
    await writeKubeconfig(kubeconfig, { url, token: TOKEN, namespace: 'shop' })
    for (const crd of renderCrds()) await client.create(crdKind, crd)
    await client.create(namespaces, { metadata: { name: 'shop' } })
    const { status, metadata, ...rest } = canaryRollout
    const { name, namespace, annotations } = metadata
    const created = await client.create(rollouts, {
      ...rest,
      metadata: { name, namespace: namespace ?? 'shop', annotations: annotations ?? {} },
    })
    await setStatus({ ...status, observedGeneration: '1' })
    for (const set of sets) {
      const selector = { matchLabels: { app: 'web' } }
      await createOwned(replicaSets, { ...set, spec: { ...set.spec, selector } } as KubeObject, created)
    }
    await createOwned(analysisRuns, analysisRun, created)
  })
  after(async () => {
    await server.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('get finds the namespace in the kubeconfig and draws what the cluster holds', async () => {
    const { code, stdout, stderr } = await penstock('get', 'web')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^Status: +॥ Paused$/m)
    assert.match(stdout, /web-bbb +ReplicaSet .* canary/)
    assert.match(stdout, /error-rate +Metric .* 3 of 5 taken: 2 successful, 1 failed; last 0.2/)
  })

  test('--json is one document as the last line', async () => {
    const { stdout } = await penstock('list', '--json')
    assert.equal(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '').rollouts[0].name, 'web')
  })

  test('abort, retry, pause and promote change the object as Argo’s clients do', async () => {
    assert.equal((await penstock('abort', 'web')).code, 0)
    assert.equal((await readRollout()).status?.abort, true)
    assert.equal((await penstock('retry', 'web')).code, 0)
    assert.equal((await readRollout()).status?.abort, false)
    assert.equal((await penstock('pause', 'web')).code, 0)
    assert.equal((await readRollout()).spec.paused, true)
    assert.equal((await penstock('promote', 'web')).code, 0)
    const promoted = await readRollout()
    assert.deepEqual([promoted.spec.paused, promoted.status?.pauseConditions ?? null], [false, null])
  })

  test('undo puts the template of the revision before back', async () => {
    const { code, stderr } = await penstock('undo', 'web')
    assert.equal(code, 0, stderr)
    assert.match(JSON.stringify((await readRollout()).spec.template), /"image":"web:1"/)
  })

  test('status --wait ends as soon as the watch tells that the release is complete', async () => {
    const generation = String((await readRollout()).metadata.generation)
    await setStatus({ phase: 'Progressing', message: '', observedGeneration: generation, controllerPause: false })
    const child = spawn(process.execPath, [bin, 'status', 'web', '--wait', '--timeout', '60s'], { env })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    let out = ''
    const sawProgressing = new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        out += text
        if (out.includes('Progressing')) resolve()
      })
    })
    await sawProgressing
    await setStatus({ phase: 'Healthy', message: '' })
    assert.equal(await ended, 0)
    assert.equal(out, 'Progressing\nHealthy\n')
  })

  test('explain says what it waits for', async () => {
    const { code, stdout, stderr } = await penstock('explain', 'web')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\nWaits\n {2}\S/)
  })

  const unreachable: [string, () => string, RegExp][] = [
    ['a wrong token', () => url, /the API server does not know you/],
    ['a server that is not there', () => 'http://127.0.0.1:9', /cannot reach the API server/],
  ]
  for (const [name, serverUrl, message] of unreachable)
    test(`${name} is one sentence, without the token`, async () => {
      const wrong = join(directory, 'wrong')
      await writeKubeconfig(wrong, { url: serverUrl(), token: 'nope-nope' })
      const { code, stderr } = await penstock('get', 'web', '--kubeconfig', wrong)
      assert.equal(code, 1)
      assert.match(stderr, /^penstock: [^\n]+\n$/)
      assert.match(stderr, message)
      assert.ok(!stderr.includes('nope-nope'))
    })
})
