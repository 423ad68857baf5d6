/**
 * Hashes against those that the Go types themselves give (`go-vectors.jsonl`, computed with k8s.io/api 0.34 and 0.29 and the step types of
 * Argo Rollouts 1.9 and 1.8 over seeded random values), and properties that hold for any template.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { PodTemplate } from '../../../controller/api/meta.ts'
import type { CanaryStep, Rollout } from '../../../controller/api/rollout.ts'
import { podTemplateHash, stepHash, stepHashes } from '../../../controller/argo/pod-hash.ts'
import { printQuantity, quantityValue } from '../../../controller/argo/quantity.ts'
import { type FixtureObject, readFixtures } from '../../argo/fixture.ts'

interface Vector {
  readonly template?: PodTemplate
  readonly count?: number | null
  readonly steps?: readonly CanaryStep[] | null
  readonly quantity?: string
  /** By Argo 1.9 and 1.8. */
  readonly hashes?: readonly [string, string]
  readonly printed?: string | null
}

const vectors: readonly Vector[] = readFileSync(new URL('./go-vectors.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)

const isRollout = (object: FixtureObject): object is FixtureObject & Rollout => object.kind === 'Rollout'

/** Everything but lists in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, shuffled(field)]),
  )
}

const nginx = (name: string, container: object): PodTemplate => ({
  metadata: { labels: { app: name } },
  spec: {
    ...container,
    containers: [
      {
        name,
        image: 'nginx:1.19-alpine',
        ports: [{ name: 'http', containerPort: 80, protocol: 'TCP' }],
        resources: { requests: { memory: '16Mi', cpu: '5m' } },
      },
    ],
  },
})

describe('pod-template hash', () => {
  test("names the ReplicaSets of Argo's own end-to-end cases", () => {
    const scaleDown = nginx('canary-scaledowndelay', {})
    const dynamic = nginx('dynamic-stable-scale', {
      readinessGates: [{ conditionType: 'argoproj.io/e2e-readiness' }],
    })
    assert.equal(podTemplateHash(scaleDown), '674d8cf959')
    assert.equal(podTemplateHash(scaleDown, null, '1.8'), '66597877b7')
    assert.equal(podTemplateHash(dynamic), '6b56c8cdb4')
    assert.equal(podTemplateHash(dynamic, undefined, '1.8'), '868d98995b')
  })

  test('and of its steps are what a controller of Argo Rollouts 1.9 has written', () => {
    const rollouts = readFixtures('1.9.0').flatMap(({ objects }) => objects.filter(isRollout))
    assert.ok(rollouts.length > 5)
    for (const { spec, status } of rollouts) {
      assert.equal(podTemplateHash(spec.template ?? {}), status?.currentPodHash)
      const { canary } = spec.strategy ?? {}
      assert.equal(canary ? stepHash(canary.steps) : '', status?.currentStepHash ?? '')
    }
  })

  test('is what the Go types give, in both dialects', () => {
    const templates = vectors.filter((vector) => vector.template !== undefined)
    assert.ok(templates.length > 100)
    for (const { template = {}, count, hashes } of templates) {
      const found = [podTemplateHash(template, count), podTemplateHash(template, count, '1.8')]
      assert.deepEqual(found, hashes, JSON.stringify(template))
    }
  })

  test('depends neither on the order of keys, nor on fields that Go does not know, nor on the notation of an amount', () => {
    for (const { template = {} } of vectors.filter((vector) => vector.template !== undefined)) {
      const expected = podTemplateHash(template)
      assert.equal(podTemplateHash(shuffled(template) as PodTemplate), expected)
      const withInvention: PodTemplate & { readonly invented: unknown } = { ...template, invented: { a: 1 } }
      assert.equal(podTemplateHash(withInvention), expected)
    }
    const asking = (cpu: unknown): PodTemplate => ({
      spec: { containers: [{ name: 'a', resources: { limits: { cpu } } }] },
    })
    assert.equal(podTemplateHash(asking(0.5)), podTemplateHash(asking('500m')))
    assert.notEqual(podTemplateHash(asking('500m')), podTemplateHash(asking('501m')))
  })

  test('counts a collision from zero on, and another one for each count', () => {
    const template = nginx('a', {})
    const names = [undefined, null, 0, 1, 2].map((count) => podTemplateHash(template, count))
    assert.equal(names[0], names[1])
    assert.equal(new Set(names).size, 4)
  })

  test('names a template that Go could not decode, the same way each time', () => {
    const broken: PodTemplate = { spec: { containers: 'none' } }
    assert.match(podTemplateHash(broken), /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
    assert.equal(podTemplateHash({ spec: { containers: 'none' } }), podTemplateHash(broken))
    assert.notEqual(podTemplateHash({ spec: { containers: 'other' } }), podTemplateHash(broken))
  })
})

describe('step hash', () => {
  test('is what the Go types give, in both dialects', () => {
    const lists = vectors.filter((vector) => vector.steps !== undefined)
    assert.ok(lists.length > 50)
    for (const { steps, hashes } of lists)
      assert.deepEqual([stepHash(steps), stepHash(steps, '1.8')], hashes, JSON.stringify(steps))
  })

  test('absent steps are not the same as no steps', () => {
    assert.equal(stepHash(undefined), stepHash(null))
    assert.notEqual(stepHash(undefined), stepHash([]))
  })

  test('an analysis step has one name in Argo 1.8 and another since 1.9', () => {
    assert.equal(stepHashes([{ setWeight: 20 }]).length, 1)
    const judged = [{ analysis: { templates: [{ templateName: 'gate' }] } }]
    assert.deepEqual(stepHashes(judged), [stepHash(judged), stepHash(judged, '1.8')])
    assert.equal(new Set(stepHashes(judged)).size, 2)
  })
})

describe('quantities', () => {
  test('are printed as Go prints them', () => {
    const amounts = vectors.filter((vector) => vector.quantity !== undefined)
    assert.ok(amounts.length > 100)
    for (const { quantity = '', printed } of amounts) assert.equal(printQuantity(quantity) ?? null, printed, quantity)
  })

  const equal: readonly (readonly [string, string])[] = [
    ['1', '1000m'],
    ['0.1', '100m'],
    ['1Gi', '1024Mi'],
    ['1k', '1e3'],
    ['0', '0Gi'],
    ['0', '0.00'],
    ['-1', '-1000m'],
    ['1.5Gi', '1536Mi'],
  ]
  for (const [one, other] of equal)
    test(`${one} is ${other}`, () => assert.equal(quantityValue(one), quantityValue(other)))

  const different: readonly (readonly [string, string])[] = [
    ['1', '1001m'],
    ['1G', '1Gi'],
    ['1', '-1'],
    ['1m', '1M'],
  ]
  for (const [one, other] of different)
    test(`${one} is not ${other}`, () => assert.notEqual(quantityValue(one), quantityValue(other)))

  test('as a resource, what is left of a thousandth is a thousandth', () => {
    assert.equal(quantityValue('100u', true), quantityValue('1m'))
    assert.equal(quantityValue('1.0001', true), quantityValue('1001m'))
    assert.equal(quantityValue('0.0000', true), quantityValue('0'))
    assert.notEqual(quantityValue('100u'), quantityValue('1m'))
  })

  for (const text of ['', 'one', '1Ki2', '1e', '1e999999999', '1 Gi', '0x10', '--1'])
    test(`"${text}" is none`, () => assert.equal(printQuantity(text), undefined))
})
