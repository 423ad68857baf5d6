/**
 * Every row of the condition tables in both readings. Argo's column was taken from Argo Rollouts 1.9.0's own `EvalCondition`, not from our code.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileCondition, evaluateCondition } from '../../../controller/metric-language/expression/condition.ts'
import type { Value } from '../../../controller/metric-language/expression/syntax.ts'
import { type Answer, conditionRows, widerRows } from './condition-rows.ts'

function answer(source: string, result: Value, nonFinite: 'noData' | 'compare'): readonly [Answer, string] {
  const compiled = compileCondition(source)
  if ('problem' in compiled) return ['error', compiled.problem]
  const outcome = evaluateCondition(compiled.condition, result, nonFinite)
  if (outcome.kind === 'answer') return [outcome.answer, '']
  return outcome.kind === 'noData' ? ['noData', outcome.why] : ['error', outcome.message]
}

for (const [title, rows] of [
  ['conditions answer as in Argo Rollouts', conditionRows],
  ['conditions answer as expr-lang does where Argo does not know the words', widerRows],
] as const)
  describe(title, () => {
    for (const [source, result, argo, strict = argo] of rows)
      test(`${source} of ${JSON.stringify(result)?.slice(0, 60)} is ${argo}${strict === argo ? '' : `, strictly ${strict}`}`, () => {
        for (const [mode, reading, expected] of [
          ['argo', 'compare', argo],
          ['strict', 'noData', strict],
        ] as const) {
          const [said, why] = answer(source, result, reading)
          assert.equal(said, expected, `${mode}: ${why}`)
        }
      })
  })

test('the tables are as long as they claim to be, and no row is there twice', () => {
  const keys = [...conditionRows, ...widerRows].map(([source, result]) => `${source} of ${JSON.stringify([result])}`)
  assert.ok(keys.length >= 300)
  const twice = keys.filter((key, index) => keys.indexOf(key) !== index && !/null|\[-?null\]/.test(key))
  assert.deepEqual(twice, [])
})
