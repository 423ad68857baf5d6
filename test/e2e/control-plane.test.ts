/** The test control plane keeps its promises: it is a real Kubernetes, guards itself, survives a crash, leaves nothing. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { pinnedVersions } from '../control-plane/go-build.ts'
import { startControlPlane } from '../control-plane/start.ts'
import { portAnswers, waitFor } from '../control-plane/wait.ts'

const NAMESPACE = 'control-plane-test'

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: NAMESPACE },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'example.test/web:1' }] },
    },
  },
}

const namesOf = async (controlPlane: ControlPlane, kind: string) => {
  const out = await controlPlane.kubectl('get', kind, '-n', NAMESPACE, '-l', 'app=web', '-o', 'name')
  return out.split('\n').filter(Boolean)
}

describe('the test control plane', { timeout: 3_600_000 }, () => {
  let controlPlane: ControlPlane

  before(async () => {
    controlPlane = await startControlPlane()
    await controlPlane.startControllerManager()
    await controlPlane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  })

  after(() => controlPlane?.stop())

  test('says which version it is', async (t) => {
    const answer = await controlPlane.api({ path: '/version' })
    assert.equal((answer.body as { gitVersion: string }).gitVersion, controlPlane.version)
    if (!['cache', 'go build'].includes(controlPlane.from)) return t.skip(`binaries from ${controlPlane.from}`)
    const kubectl = JSON.parse(await controlPlane.kubectl('version', '-o', 'json'))
    assert.equal(controlPlane.version, pinnedVersions().kubernetes)
    assert.equal(kubectl.clientVersion.gitVersion, pinnedVersions().kubernetes)
    assert.equal(kubectl.serverVersion.minor, pinnedVersions().kubernetes.split('.')[1])
  })

  test('makes the ReplicaSet and the Pods of a Deployment, and collects them with it', async () => {
    await controlPlane.apply(deployment)
    const pods = await waitFor(
      async () => {
        const names = await namesOf(controlPlane, 'pods')
        return names.length === 3 && names
      },
      { what: 'three pods', timeoutMs: 30_000 },
    )
    assert.equal(pods.length, 3)
    assert.equal((await namesOf(controlPlane, 'replicasets')).length, 1)
    await controlPlane.kubectl('delete', 'deployment', 'web', '-n', NAMESPACE, '--cascade=foreground')
    assert.deepEqual(await namesOf(controlPlane, 'pods'), [])
  })

  test('lets a service account do what its role allows and nothing else', async () => {
    await controlPlane.kubectl('create', 'serviceaccount', 'plain', '-n', NAMESPACE)
    const token = await controlPlane.tokenFor(NAMESPACE, 'plain')
    const pods = { path: `/api/v1/namespaces/${NAMESPACE}/pods`, token }
    assert.equal((await controlPlane.api(pods)).status, 403)
    assert.equal((await controlPlane.api({ ...pods, token: 'not-a-token' })).status, 401)
    await controlPlane.kubectl('create', 'role', 'reader', '-n', NAMESPACE, '--verb=get,list', '--resource=pods')
    const subject = `--serviceaccount=${NAMESPACE}:plain`
    await controlPlane.kubectl('create', 'rolebinding', 'reader', '-n', NAMESPACE, '--role=reader', subject)
    const KUBECONFIG = controlPlane.kubeconfigFor(token, { namespace: NAMESPACE })
    await waitFor(async () => (await controlPlane.runKubectl(['get', 'pods'], { env: { KUBECONFIG } })).code === 0, {
      what: 'the role to reach the service account',
      timeoutMs: 10_000,
    })
    const denied = await controlPlane.runKubectl(['get', 'secrets'], { env: { KUBECONFIG } })
    assert.match(denied.stderr, /Forbidden/)
  })

  test('keeps its objects over a crash of the API server', async (t) => {
    if (controlPlane.processes === undefined) return t.skip(`not ours to crash: ${controlPlane.from}`)
    const before = controlPlane.processes.apiServer.pid
    await controlPlane.kubectl('create', 'configmap', 'kept', '-n', NAMESPACE)
    await controlPlane.restartApiServer({ signal: 'SIGKILL' })
    assert.notEqual(controlPlane.processes.apiServer.pid, before)
    await controlPlane.kubectl('get', 'configmap', 'kept', '-n', NAMESPACE)
  })

  test('deletes a namespace with all that is in it', async () => {
    await controlPlane.kubectl('delete', 'namespace', NAMESPACE, '--timeout=60s')
    assert.equal((await controlPlane.api({ path: `/api/v1/namespaces/${NAMESPACE}` })).status, 404)
  })

  test('leaves no process, port or file behind', async (t) => {
    if (controlPlane.processes === undefined) return t.skip(`not ours to stop: ${controlPlane.from}`)
    const { etcd, apiServer, controllerManager } = controlPlane.processes
    await controlPlane.stop()
    assert.equal(await portAnswers(Number(new URL(controlPlane.url).port)), false)
    assert.equal(existsSync(controlPlane.directory), false)
    for (const server of [etcd, apiServer, controllerManager]) assert.ok(server?.ending(), `${server?.name} has ended`)
  })
})
