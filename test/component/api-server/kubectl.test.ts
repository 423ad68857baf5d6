/** Real kubectl against the embedded API server: the commands people and scripts use, with a HOME of its own. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { writeKubeconfig } from '../../../sandbox/api-server/kubeconfig.ts'
import { type ApiServer, createApiServer } from '../../../sandbox/api-server/server.ts'
import { waitFor } from '../../control-plane/wait.ts'

const manifest = (image: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: '${image}'}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

describe('kubectl against the embedded API server', { timeout: 180_000 }, () => {
  let server: ApiServer
  let home = ''
  let file = ''
  const env = (): NodeJS.ProcessEnv => ({ ...process.env, HOME: home, KUBECONFIG: join(home, 'kubeconfig') })

  const run = (args: readonly string[]): Promise<Result> =>
    new Promise((resolve, reject) => {
      execFile('kubectl', args, { env: env(), timeout: 30_000 }, (error, stdout, stderr) => {
        if (error?.code === 'ENOENT')
          reject(new Error('kubectl is not on the PATH; install it, on Debian with `apt install kubernetes-client`'))
        else resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr })
      })
    })

  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(args)
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stderr}${delimiter}${stdout}`)
    return stdout
  }

  const fieldOf = (resource: string, path: string): Promise<string> =>
    kubectl('get', resource, '-o', `jsonpath={${path}}`)

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'penstock-kubectl-'))
    file = join(home, 'web.yaml')
    server = createApiServer()
    const { url } = await server.listen()
    await writeKubeconfig(join(home, 'kubeconfig'), { url })
    await writeFile(file, manifest('example.test/web:1'))
    await kubectl('apply', '-f', file)
  })

  after(async () => {
    await server.close()
    await rm(home, { recursive: true, force: true })
  })

  test('apply changes what differs and says what does not', async () => {
    await writeFile(file, manifest('example.test/web:2'))
    const out = await kubectl('apply', '-f', file)
    assert.match(out, /deployment\.apps\/web configured/)
    assert.match(out, /service\/web unchanged/)
    assert.equal(await fieldOf('deployment/web', '.spec.template.spec.containers[0].image'), 'example.test/web:2')
  })

  test('get prints the columns of a Table', async () => {
    assert.match(await kubectl('get', 'deploy'), /^NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\nweb\s+0\/2/)
    assert.match(await kubectl('get', 'all'), /service\/web\s+ClusterIP/)
    assert.match(await kubectl('get', 'ns'), /default\s+Active/)
  })

  test('get -w follows changes', async () => {
    const child = spawn('kubectl', ['get', 'configmap', '-w', '-o', 'name'], { env: env() })
    let seen = ''
    child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
    })
    try {
      await kubectl('create', 'configmap', 'watched', '--from-literal=a=b')
      const waiting = { what: 'the watched object', timeoutMs: 15_000 }
      await waitFor(async () => seen.includes('configmap/watched'), waiting)
    } finally {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
  })

  test('describe names what matters', async () => {
    assert.match(await kubectl('describe', 'deployment', 'web'), /Selector:\s+app=web/)
  })

  test('patch in its three types, label, annotate and scale', async () => {
    await kubectl('patch', 'deployment', 'web', '-p', '{"spec":{"paused":true}}')
    await kubectl('patch', 'deployment', 'web', '--type=merge', '-p', '{"spec":{"minReadySeconds":3}}')
    await kubectl('patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"remove","path":"/spec/paused"}]')
    await kubectl('label', 'deployment', 'web', 'team=a')
    await kubectl('annotate', 'deployment', 'web', 'note=b')
    await kubectl('scale', 'deployment', 'web', '--replicas=4')
    assert.equal(await fieldOf('deployment/web', '.spec.paused'), '')
    assert.equal(await fieldOf('deployment/web', '.spec.minReadySeconds'), '3')
    assert.equal(await fieldOf('deployment/web', '.spec.replicas'), '4')
    assert.equal(await fieldOf('deployment/web', '.metadata.labels.team'), 'a')
  })

  test('wait and rollout status see the status', async () => {
    const generation = Number(await fieldOf('deployment/web', '.metadata.generation'))
    const replicas = Number(await fieldOf('deployment/web', '.spec.replicas'))
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas }
    const conditions = [{ type: 'Available', status: 'True' }]
    const status = { observedGeneration: generation, ...counts, conditions }
    const kind = { group: 'apps', version: 'v1', plural: 'deployments', kind: 'Deployment', namespaced: true }
    const ref = { kind, namespace: 'default', name: 'web' }
    await server.client().patch(ref, 'merge', { status }, { subresource: 'status' })
    assert.match(await kubectl('wait', 'deployment/web', '--for=condition=Available', '--timeout=10s'), /condition met/)
    assert.match(await kubectl('rollout', 'status', 'deployment/web', '--timeout=10s'), /successfully rolled out/)
  })

  test('apply --server-side names conflicts and can be forced', async () => {
    const conflict = await run(['apply', '--server-side', '-f', file])
    assert.equal(conflict.code, 1)
    assert.match(conflict.stderr, /conflict with "kubectl.*\.spec\.replicas/s)
    await kubectl('apply', '--server-side', '--force-conflicts', '-f', file)
    assert.equal(await fieldOf('deployment/web', '.spec.replicas'), '2')
  })

  test('create, replace and delete', async () => {
    await kubectl('create', 'namespace', 'other')
    await kubectl('create', '-n', 'other', '-f', file)
    await kubectl('replace', '-n', 'other', '-f', file)
    await kubectl('delete', '-n', 'other', '-f', file)
    await kubectl('delete', 'namespace', 'other', '--timeout=20s')
    assert.match((await run(['get', 'ns', 'other'])).stderr, /NotFound/)
  })

  test('an unknown field is refused by name', async () => {
    const bad = join(home, 'bad.yaml')
    await writeFile(bad, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\nodd: 1\n')
    const { code, stderr } = await run(['apply', '--validate=strict', '-f', bad])
    assert.equal(code, 1)
    assert.match(stderr, /unknown field "odd"/)
  })

  test('api-resources and auth can-i', async () => {
    assert.match(await kubectl('api-resources'), /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/)
    assert.equal((await kubectl('auth', 'can-i', 'create', 'pods')).trim(), 'yes')
  })
})
