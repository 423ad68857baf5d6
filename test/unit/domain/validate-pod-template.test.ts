/** Pod templates that a server refuses are refused with its field and words; the rest of the table is taken. The server is asked in test/e2e. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { validatePodTemplate } from '../../../controller/domain/validation/pod-template.ts'
import { isWhole, parseQuantity } from '../../../controller/domain/validation/pods/quantity.ts'
import { acceptedTemplates, refusedTemplates } from '../../builders/pod-templates.ts'

describe('a pod template is refused for', () => {
  for (const { name, template, field, message } of refusedTemplates)
    test(`${name}: ${field}`, () => {
      const found = validatePodTemplate(template, 'spec.template').map(
        (problem) => `${problem.field}: ${problem.message}`,
      )
      assert.ok(found.includes(`spec.template.${field}: ${message}`), found.join('\n') || 'accepted')
    })
})

describe('a pod template may have', () => {
  for (const [name, template] of Object.entries(acceptedTemplates))
    test(name, () => assert.deepEqual(validatePodTemplate(template, 'spec.template'), []))
})

describe('a quantity', () => {
  const rows: readonly (readonly [string | number, bigint | undefined])[] = [
    ['1', 1_000_000_000n],
    ['1.', 1_000_000_000n],
    ['.5', 500_000_000n],
    ['500m', 500_000_000n],
    [0.5, 500_000_000n],
    ['1n', 1n],
    ['0.5n', 1n],
    ['1u', 1_000n],
    ['2k', 2_000_000_000_000n],
    ['1Ki', 1_024_000_000_000n],
    ['1.5Gi', 1_610_612_736_000_000_000n],
    ['1e3', 1_000_000_000_000n],
    ['1E3', 1_000_000_000_000n],
    ['1E', 1_000_000_000_000_000_000_000_000_000n],
    ['-1', -1_000_000_000n],
    ['', undefined],
    ['.', undefined],
    ['1KB', undefined],
    ['1 Gi', undefined],
    ['0x10', undefined],
    ['1e999999999', undefined],
    ['1'.repeat(101), undefined],
  ]
  for (const [text, billionths] of rows)
    test(`${text} is ${billionths}`, () => assert.equal(parseQuantity(text), billionths))

  test('is whole or not', () => {
    assert.equal(isWhole(parseQuantity('1000m') ?? 1n), true)
    assert.equal(isWhole(parseQuantity('1001m') ?? 0n), false)
  })
})
