/**
 * The admission webhook as a cluster has it: the chart's own configuration, registered with the real API server, answered by the controller's
 * process. Only where it listens is changed: on loopback, under a certificate of the test.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { RolloutSpec } from '../../../controller/api/rollout.ts'
import { gateMistakes, soundGate, templateOf } from '../../builders/gate-mistakes.ts'
import { renderChart } from '../../chart/helm.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { createCertificate } from '../../fakes/certificate.ts'
import { rollout } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const NAME = 'penstock-e2e-admission'
const TOLD = /SetWeight needs to be between 0 and 100/

interface Configuration {
  readonly kind: string
  readonly metadata: object
  readonly webhooks: readonly object[]
}

/** As the chart renders it, for one namespace, and with another address. */
async function configure(namespace: string, url: string, ca: string): Promise<object> {
  const { stdout } = await renderChart({ values: { admission: { enabled: true } } })
  const configuration = parseAllDocuments(stdout)
    .map((document) => document.toJS() as Configuration | null)
    .find((object) => object?.kind === 'ValidatingWebhookConfiguration')
  assert.ok(configuration)
  return {
    ...configuration,
    metadata: { name: NAME },
    webhooks: configuration.webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { url: `${url}/validate`, caBundle: Buffer.from(ca).toString('base64') },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    })),
  }
}

export function admissionPaths(stage: Stage): void {
  describe('the admission webhook', () => {
    let space: Workspace
    const certificate = createCertificate()

    const manifest = (name: string, setWeight: number, more: Partial<RolloutSpec> = {}): object =>
      rollout({
        name,
        replicas: 1,
        routed: false,
        spec: { strategy: { canary: { steps: [{ setWeight }] } }, ...more },
      })
    /** What kubectl says; nothing is thrown. */
    async function apply(object: object) {
      const file = join(stage.cluster().directory, 'admission.json')
      writeFileSync(file, JSON.stringify(object))
      return space.kubectl('apply', '-f', file)
    }
    async function isAsked(): Promise<boolean> {
      if (TOLD.test((await apply(manifest('probe', 150))).stderr)) return true
      await space.kubectl('delete', 'rollout', 'probe', '--ignore-not-found')
      return false
    }

    before(async () => {
      space = await stage.workspace('admission')
      await apply(manifest('wrong-before', 150))
      const { directory, controlPlane } = stage.cluster()
      const files = { cert: join(directory, 'admission.crt'), key: join(directory, 'admission.key') }
      writeFileSync(files.cert, certificate.cert)
      writeFileSync(files.key, certificate.key, { mode: 0o600 })
      const flags = ['--admission-port=0', `--admission-tls-cert=${files.cert}`, `--admission-tls-key=${files.key}`]
      await stage.restart('SIGTERM', { flags })
      const { admissionUrl } = stage.controller()
      await controlPlane.apply(await configure(space.namespace, admissionUrl, certificate.cert))
      await waitFor(isAsked, { what: 'the API server to ask the webhook', timeoutMs: 30_000 })
    })
    after(async () => {
      await stage.cluster().controlPlane.kubectl('delete', 'validatingwebhookconfiguration', NAME, '--ignore-not-found')
      await stage.restart('SIGTERM')
      await space.kubectl('delete', 'rollouts,analysistemplates', '--all')
    })

    test('refuses what the controller would call invalid, in its words', async () => {
      const { code, stderr } = await apply(manifest('wrong', 150))
      assert.equal(code, 1)
      assert.match(stderr, /admission webhook "validate\.penstock\.dev" denied the request/)
      assert.match(
        stderr,
        /The Rollout "wrong" is invalid: spec\.strategy\.canary\.steps\[0\]\.setWeight: SetWeight needs/,
      )
    })

    test('refuses a pod template that no ReplicaSet could have', async () => {
      const template = { metadata: { labels: { app: 'wrong' } }, spec: { containers: [{ name: 'App', image: 'x' }] } }
      assert.match(
        (await apply(manifest('wrong', 10, { template }))).stderr,
        /containers\[0\]\.name: Invalid value: "App"/,
      )
    })

    test('refuses gates that nobody could judge by, with the field and the fix', async () => {
      for (const mistake of gateMistakes) {
        const { code, stderr } = await apply(templateOf('gate', mistake))
        assert.equal(code, 1, mistake.name)
        assert.match(stderr, /admission webhook "validate\.penstock\.dev" denied the request/)
        assert.ok(stderr.includes(`spec.metrics[0].${mistake.field}: `), `${mistake.name}: ${stderr}`)
        assert.match(stderr, mistake.fix)
      }
      const { code, stderr } = await apply(templateOf('gate', { config: soundGate }))
      assert.equal(code, 0, stderr)
    })

    test('takes what is valid, which then runs', async () => {
      const { code, stderr } = await apply(manifest('right', 50))
      assert.equal(code, 0, stderr)
      assert.doesNotMatch(stderr, /Warning/)
      await space.untilPhase('Healthy', /(?:)/, 'right')
    })

    test('warns of a field that nobody knows', async () => {
      const { code, stderr } = await apply(manifest('typo', 50, { minReadySecond: 5 } as Partial<RolloutSpec>))
      assert.equal(code, 0)
      assert.match(stderr, /Warning: spec\.minReadySecond: .*did you mean "minReadySeconds"/)
    })

    test('refuses a change for the worse, and lets labels, scale and deletion pass', async () => {
      assert.match((await apply(manifest('right', 150))).stderr, TOLD)
      for (const args of [
        ['label', 'rollout', 'right', 'team=a'],
        ['scale', 'rollout', 'right', '--replicas=2'],
        ['delete', 'rollout', 'typo'],
      ]) {
        const { code, stderr } = await space.kubectl(...args)
        assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
      }
    })

    test('lets people pause, correct and delete what was invalid before', async () => {
      const patch = (body: object) =>
        space.kubectl('patch', 'rollout', 'wrong-before', '--type=merge', '-p', JSON.stringify(body))
      const paused = await patch({ spec: { paused: true } })
      assert.equal(paused.code, 0, paused.stderr)
      assert.match(paused.stderr, /Warning: still invalid, and not obeyed: /)
      assert.match((await patch({ spec: { minReadySeconds: -1 } })).stderr, /spec\.minReadySeconds: must be greater/)
      const mended = await apply(manifest('wrong-before', 50))
      assert.equal(mended.code, 0, mended.stderr)
    })

    test('refuses templates and runs that nobody could measure', async () => {
      const metrics = [{ name: 'errors', provider: {} }]
      for (const kind of ['AnalysisTemplate', 'AnalysisRun']) {
        const object = { apiVersion: 'argoproj.io/v1alpha1', kind, metadata: { name: 'none' }, spec: { metrics } }
        assert.match((await apply(object)).stderr, /no provider specified/, kind)
      }
    })

    test('counts what it was asked', async () => {
      const text = await (await fetch(stage.controller().metricsUrl)).text()
      assert.match(text, /penstock_admission_requests_total\{kind="Rollout",decision="refused"\} \d+/)
      assert.match(text, /penstock_admission_duration_seconds_count \d+/)
    })

    test('keeps nobody from writing while it is away; the condition tells what is wrong', async () => {
      await stage.restart('SIGTERM')
      const { code, stderr } = await apply(manifest('unasked', 150))
      assert.equal(code, 0, stderr)
      await space.untilPhase('Degraded', /InvalidSpec: .*SetWeight needs to be between 0 and 100/, 'unasked')
    })
  })
}
