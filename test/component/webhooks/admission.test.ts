/** The admission webhook over TLS: verdicts, refusals by status code, a renewed certificate, metrics, no crash. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { manifestRules } from '../../../controller/domain/validation/manifests.ts'
import { renderProblems } from '../../../controller/domain/validation/problem.ts'
import { createLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { checkRouterConfigs } from '../../../controller/traffic/check-configs.ts'
import {
  type AdmissionServer,
  type AdmissionServerDeps,
  createAdmissionServer,
} from '../../../webhooks/admission-server.ts'
import { gateMistakes, soundGate, templateOf } from '../../builders/gate-mistakes.ts'
import { rollout } from '../../builders/rollout.ts'
import { createCertificate } from '../../fakes/certificate.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'

interface Answer {
  readonly status: number
  readonly body: { readonly error?: string; readonly response?: Readonly<Record<string, unknown>> }
}

function send(url: string, ca: string, body: string | Buffer, options: RequestOptions = {}): Promise<Answer> {
  const headers = { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers, ca, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(text || '{}') as Answer['body'] })
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

const review = (object: KubeObject, uid = 'uid-1'): string =>
  JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind: { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout' },
      operation: 'CREATE',
      namespace: 'web',
      object,
      oldObject: null,
    },
  })

describe('the admission webhook', () => {
  let directory = ''
  let server: AdmissionServer | undefined
  const first = createCertificate()
  const path = (name: string) => join(directory, name)

  function writePair(pair: { readonly cert: string; readonly key: string }, at = Date.now()): void {
    for (const [name, text] of [
      ['tls.crt', pair.cert],
      ['tls.key', pair.key],
    ] as const) {
      writeFileSync(path(name), text)
      utimesSync(path(name), at / 1000, at / 1000)
    }
  }

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'penstock-admission-'))
    writePair(first)
  })
  afterEach(async () => {
    await server?.stop()
    rmSync(directory, { recursive: true })
  })

  async function setUp(more: Partial<AdmissionServerDeps> = {}) {
    const clock = createFakeClock()
    const metrics = createMetricRegistry()
    const lines: string[] = []
    const write = (line: string) => void lines.push(line)
    const log = createLogger({ level: 'info', format: 'json', redactor: createRedactor(), write })
    server = createAdmissionServer({
      port: 0,
      host: '127.0.0.1',
      tlsCert: path('tls.crt'),
      tlsKey: path('tls.key'),
      rules: manifestRules(checkRouterConfigs),
      renderProblems,
      isOurs: () => true,
      clock,
      log,
      metrics,
      ...more,
    })
    if (!server) throw new Error('nothing listens')
    await server.start()
    const url = `${server.url()}/validate`
    const post = (body: string | Buffer, options?: RequestOptions, ca = first.cert) => send(url, ca, body, options)
    return { clock, metrics, lines, post, url }
  }

  test('answers a review with its uid and a verdict', async () => {
    const { post, metrics, lines } = await setUp()
    assert.deepEqual((await post(review(rollout()))).body.response, { uid: 'uid-1', allowed: true })
    const refused = await post(review(rollout({ steps: [{ setWeight: 150 }] }), 'uid-2'))
    assert.equal(refused.status, 200)
    const message =
      'The Rollout "shop" is invalid: spec.strategy.canary.steps[0].setWeight: SetWeight needs to be between 0 and 100'
    assert.deepEqual(refused.body.response, {
      uid: 'uid-2',
      allowed: false,
      status: { code: 422, reason: 'Invalid', message },
    })
    const text = await metrics.metrics()
    assert.match(text, /penstock_admission_requests_total\{kind="Rollout",decision="taken"\} 1/)
    assert.match(text, /penstock_admission_requests_total\{kind="Rollout",decision="refused"\} 1/)
    assert.match(text, /penstock_admission_duration_seconds_count 2/)
    assert.ok(lines.some((line) => line.includes('AdmissionRefused')))
  })

  describe('a gate', () => {
    const reviewTemplate = (object: KubeObject): string =>
      review(object).replace('"kind":"Rollout"}', '"kind":"AnalysisTemplate"}')

    test('that reads well is taken', async () => {
      const { post } = await setUp()
      const { body } = await post(reviewTemplate(templateOf('gate', { config: soundGate })))
      assert.equal(body.response?.allowed, true, JSON.stringify(body))
    })
    for (const mistake of gateMistakes)
      test(`with ${mistake.name} is refused: the field and the fix`, async () => {
        const { post } = await setUp()
        const { body } = await post(reviewTemplate(templateOf('gate', mistake)))
        const { allowed, status } = body.response ?? {}
        assert.equal(allowed, false, JSON.stringify(body))
        const { message } = status as { readonly message: string }
        assert.ok(message.includes(`spec.metrics[0].${mistake.field}: `), message)
        assert.match(message, mistake.fix)
      })
  })

  test('says by status code what it cannot read', async () => {
    const { post, url, metrics } = await setUp()
    const text = { 'content-type': 'text/plain' }
    assert.equal((await post('{')).status, 400)
    assert.match((await post('{}')).body.error ?? '', /AdmissionReview: apiVersion/)
    assert.equal((await post(review(rollout()), { headers: text })).status, 415)
    assert.equal((await post('', { method: 'GET' })).status, 405)
    assert.equal((await send(`${url}/other`, first.cert, '{}')).status, 404)
    assert.match(await metrics.metrics(), /decision="malformed"\} 3/)
  })

  test('a body larger than any review is refused, a large one is not', async () => {
    const { post } = await setUp()
    const note = (length: number) => {
      const { metadata, ...rest } = rollout()
      return review({ ...rest, metadata: { ...metadata, annotations: { note: 'x'.repeat(length) } } })
    }
    assert.equal((await post(note(3_000_000))).body.response?.allowed, true)
    assert.equal((await post(note(9_000_000))).status, 413)
    assert.equal((await post(review(rollout()))).body.response?.allowed, true)
  })

  test('odd objects are refused or taken, and never end it', async () => {
    const { post } = await setUp()
    const odd = [{ spec: null }, { spec: [] }, { metadata: {}, spec: { strategy: 7 } }, { spec: { template: 'x' } }]
    for (const object of odd) {
      const answer = await post(review(object as never))
      assert.equal(answer.body.response?.allowed, false, JSON.stringify(object))
    }
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`
    const nested = review(rollout()).replace('"oldObject":null', `"oldObject":{"metadata":{},"spec":${deep}}`)
    assert.ok((await post(nested)).status >= 200)
    assert.equal((await post(review(rollout()))).body.response?.allowed, true)
  })

  test('a failure of the rules is the failure policy’s business', async () => {
    const fail = () => {
      throw new Error('broken')
    }
    const { post, lines } = await setUp({ rules: { Rollout: { validate: fail, warn: fail } } })
    assert.equal((await post(review(rollout()))).status, 500)
    assert.ok(lines.some((line) => line.includes('the failure policy decides')))
  })

  test('follows a renewed certificate, and keeps the old one while the new one is broken', async () => {
    const { post, clock, lines } = await setUp()
    const second = createCertificate()
    writePair({ ...second, key: 'not a key' }, Date.now() + 5_000)
    await clock.advance(30_000)
    assert.equal((await post(review(rollout()))).status, 200)
    assert.ok(lines.some((line) => line.includes('TlsUnreadable')))
    writePair(second, Date.now() + 10_000)
    await clock.advance(30_000)
    assert.equal((await post(review(rollout()), {}, second.cert)).status, 200)
    await assert.rejects(post(review(rollout())), /self-signed|unable to verify|certificate/)
  })

  test('is off without a certificate, and refuses half of a pair', async () => {
    const deps = { tlsCert: undefined, tlsKey: undefined }
    await assert.rejects(setUp({ tlsKey: undefined }), /needs both --admission-tls-cert and --admission-tls-key/)
    await assert.rejects(setUp({ tlsCert: path('none') }), /--admission-tls-cert, --admission-tls-key: not usable/)
    await assert.rejects(setUp(deps), /nothing listens/)
  })
})
