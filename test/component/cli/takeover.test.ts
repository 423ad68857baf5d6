/**
 * `penstock takeover check` as people run it: the bundle as a process, on the sandbox's cluster, over a canary and a blue-green release that a
 * controller has left in the middle. What it says of objects that Argo Rollouts itself left is the unit suite's.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import type { ResourceKind } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { writeKubeconfig } from '../../../sandbox/api-server/kubeconfig.ts'
import { type Cluster, startCluster } from '../../../sandbox/cluster.ts'
import { bundleController } from '../../../sandbox/controller-bundle.ts'
import { applyManifest, parseManifests } from '../../../sandbox/manifests.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'
import { startController } from '../../bench/controller.ts'

const NAMESPACE = 'shop'
const WITHIN_MS = 60_000

const pods = (name: string) => `
  replicas: 2
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: app, image: 'registry.example/${name}:1' }] }`
const service = (name: string, app: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec: { selector: { app: ${app} }, ports: [{ port: 80 }] }
---`
const rolloutHead = (name: string) => `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec:${pods(name)}
  strategy:`

const releases = `
apiVersion: v1
kind: Namespace
metadata: { name: ${NAMESPACE} }
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: { name: errors, namespace: ${NAMESPACE} }
spec:
  metrics:
    - name: errors
      failureCondition: result > 0.05
      provider: { prometheus: { address: 'http://127.0.0.1:9', query: vector(0) } }
---${service('search', 'search')}${service('search-preview', 'search')}${rolloutHead('web')}
    canary:
      steps:
        - setWeight: 50
        - pause: {}
        - analysis: { templates: [{ templateName: errors }] }
---${rolloutHead('search')}
    blueGreen: { activeService: search, previewService: search-preview, autoPromotionEnabled: false }
`
const unsupported = `${rolloutHead('old')}
    canary: { stableService: search, canaryService: search-preview, trafficRouting: { plugins: { example/other: {} } } }
`

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

describe('takeover check on the sandbox', () => {
  const stops = createStopList()
  const directory = mkdtempSync(join(tmpdir(), 'penstock-takeover-'))
  const kubeconfig = join(directory, 'kubeconfig')
  let bin = ''
  let cluster: Cluster
  let stopController = async (): Promise<void> => {}

  const check = (...args: readonly string[]): Promise<Ended> =>
    new Promise((resolve) => {
      const env = { ...process.env, KUBECONFIG: kubeconfig, LANG: 'C.UTF-8', LC_ALL: '' }
      const command = [bin, 'takeover', 'check', ...args]
      execFile(process.execPath, command, { env, timeout: WITHIN_MS }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      )
    })
  const apply = async (text: string): Promise<void> => {
    for (const manifest of parseManifests(text, 'the test')) await applyManifest(cluster.client, manifest, 'test')
  }
  const patchSpec = (name: string, spec: object) =>
    cluster.client.patch({ kind: kinds.rollouts, namespace: NAMESPACE, name }, 'merge', { spec })
  const untilPhase = (name: string, phase: string): Promise<unknown> =>
    waitFor(
      async () => {
        const found = await cluster.client.get<Rollout>({ kind: kinds.rollouts, namespace: NAMESPACE, name })
        return found?.status?.phase === phase && found.status.observedGeneration === String(found.metadata.generation)
      },
      { clock, what: `${name} to be ${phase}`, withinMs: WITHIN_MS },
    )
  const setImage = (name: string, version: number) => {
    const containers = [{ name: 'app', image: `registry.example/${name}:${version}` }]
    return patchSpec(name, { template: { spec: { containers } } })
  }
  /** Every object that a takeover could touch, as it is stored. */
  const stored = async (): Promise<readonly KubeObject[]> => {
    const touched: readonly ResourceKind[] = [kinds.rollouts, kinds.replicaSets, kinds.services, kinds.pods]
    const lists = await Promise.all(touched.map((kind) => cluster.client.list<KubeObject>(kind, {})))
    return lists.flatMap(({ items }) => items)
  }
  const versionsOf = (objects: readonly KubeObject[]): readonly string[] =>
    objects.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.resourceVersion}`)
  /** Once nothing is on its way out and two looks in a row are the same: what comes and goes later is not the cluster's own doing. */
  const versionsAtRest = async (): Promise<readonly string[]> => {
    let seen: readonly string[] = []
    return waitFor(
      async () => {
        const objects = await stored()
        const before = seen
        seen = versionsOf(objects)
        const isLeaving = objects.some(({ metadata }) => metadata.deletionTimestamp !== undefined)
        return !isLeaving && before.join() === seen.join() && seen
      },
      { clock, what: 'the cluster to be at rest', withinMs: WITHIN_MS, everyMs: 500 },
    )
  }

  before(
    async () => {
      stops.add(() => rmSync(directory, { recursive: true, force: true }))
      const bundle = await bundleController(directory)
      bin = join(dirname(bundle), 'cli.js')
      cluster = await startCluster({ log: silentLogger, workingDirectory: directory })
      stops.add(() => cluster.stop())
      await cluster.writeKubeconfig(kubeconfig)
      const leaseNamespace = 'default'
      const controller = await startController({ directory, kubeconfig, leaseNamespace, bundle, nodeFlags: [] })
      stopController = () => controller.stop()
      stops.add(stopController)
      await apply(releases)
      for (const name of ['web', 'search']) await untilPhase(name, 'Healthy')
      for (const name of ['web', 'search']) await setImage(name, 2)
      for (const name of ['web', 'search']) await untilPhase(name, 'Paused')
    },
    { timeout: 180_000 },
  )
  after(() => stops.run())

  test('two releases in the middle: nothing moves, what is stricter, and who holds the Lease', async () => {
    const seen = await versionsAtRest()
    const { code, stdout, stderr } = await check('-A')
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^shop\/web: nothing moves$/m)
    assert.match(stdout, /^shop\/search: nothing moves$/m)
    assert.match(
      stdout,
      /^ {2}stricter spec\.strategy\.canary\.steps\[2\]\.analysis: metric "errors" has only a failure/m,
    )
    assert.equal(stdout.match(/^ {2}stricter/gm)?.length, 1)
    assert.match(stdout, /^controllers: Lease default\/argo-rollouts-controller-lock is held by "[^"]+"/m)
    assert.match(stdout, /^2 rollouts: 2 where nothing moves, 0 where something does, 0 refused$/m)
    assert.deepEqual(versionsOf(await stored()), seen, 'it changes nothing')
  })

  test('for programs, after the controller has gone', async () => {
    await stopController()
    const { code, stdout, stderr } = await check('-n', NAMESPACE, '-o', 'json')
    assert.equal(code, 0, stderr)
    const { rollouts, controllers } = JSON.parse(stdout)
    assert.deepEqual(
      rollouts.map((one: { name: string; verdict: string }) => `${one.name} ${one.verdict}`).toSorted(),
      ['search quiet', 'web quiet'],
    )
    assert.deepEqual(controllers, [])
  })

  test('1 when something would move or be refused, said Rollout by Rollout', async () => {
    await apply(unsupported)
    await patchSpec('search', { replicas: 3 })
    const seen = await versionsAtRest()
    const { code, stdout, stderr } = await check('-A')
    assert.equal(code, 1, stdout + stderr)
    assert.match(stdout, /^shop\/search: something moves$/m)
    assert.match(stdout, /^ {2}moves {4}scale \S+ 2→3$/m)
    assert.match(stdout, /^shop\/old: would not be driven$/m)
    assert.match(
      stdout,
      /^ {2}refused {2}spec\.strategy\.canary\.trafficRouting\.plugins\["example\/other"\]: is not supported/m,
    )
    assert.match(stdout, /^controllers: none holds the Lease$/m)
    assert.deepEqual(versionsOf(await stored()), seen, 'it changes nothing')
  })

  test('2 when the cluster does not answer: no answer is not "something moves"', async () => {
    const elsewhere = join(directory, 'elsewhere')
    await writeKubeconfig(elsewhere, { url: 'http://127.0.0.1:9', token: 'x' })
    const { code, stdout, stderr } = await check('-A', '--kubeconfig', elsewhere)
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^penstock: [^\n]+\n$/)
  })
})
