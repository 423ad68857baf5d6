/** What `penstock lint` says of conditions: the caret stands at the fault, and idioms for missing data are told with what they would do. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { runCli } from '../../../cli/program.ts'
import { findNoDataGuards } from '../../../controller/metric-language/no-data-guards.ts'
import { createFakeCli } from './fake-cluster.ts'

const template = (conditions: string): string => `apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: t}
spec:
  metrics:
    - name: m
${conditions}
      provider: {prometheus: {address: "http://p:9090", query: up}}
`

async function lint(conditions: string): Promise<readonly string[]> {
  const { deps, output } = createFakeCli(undefined, { files: { 't.yaml': template(conditions) } })
  await runCli(['lint', '-f', 't.yaml'], deps)
  return output().out.split('\n')
}

describe('the caret stands at the fault', () => {
  /** condition as YAML, the place that is told, the character above the caret */
  const rows: readonly (readonly [string, string, string])[] = [
    ['      successCondition: result[0] <= 0.95 andd true', 'unexpected andd (column 19)', 'a'],
    ['      failureCondition: "all(result, # < 0.5))"', 'unexpected ) (column 21)', ')'],
    [
      '      successCondition: |\n        len(result) > 0 &&\n          result[0]   < = 0.5\n',
      'unexpected = (line 2, column 17)',
      '=',
    ],
    ['      successCondition: "result ==\\n\\tevil(1)"', 'unknown function evil (line 2, column 2)', 'e'],
    [`      successCondition: ${'true && '.repeat(40)}bad`, 'unknown name bad', 'b'],
  ]
  for (const [condition, place, character] of rows)
    test(place, async () => {
      const lines = await lint(condition)
      const at = lines.findIndex((line) => line.includes(place))
      assert.ok(at >= 0, lines.join('\n'))
      const [quoted = '', caret = ''] = lines.slice(at + 1)
      assert.match(caret, /^ +\^$/)
      assert.equal(quoted[caret.indexOf('^')], character)
    })

  test('and after the last character where the text ends too soon', async () => {
    const lines = await lint('      successCondition: |\n        result >\n')
    const at = lines.findIndex((line) => line.includes('unexpected end of the condition (column 9)'))
    assert.deepEqual(lines.slice(at + 1, at + 3), ['    result >', '            ^'])
  })
})

describe('conditions that answer for missing data', () => {
  /** condition, the idioms in it */
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['len(result) == 0 || result[0] < 0.5', ['len(result) == 0']],
    ['result[0] < 0.5 or len(result) < 1', ['len(result) == 0']],
    ['isNaN(result[0]) || result[0] < {{args.limit}}', ['isNaN(result)']],
    ['isNil(result) || isInf(result) || result < 1', ['isNil(result)']],
    ['result == nil or result.errors < 5', ['result == nil']],
    ['len(result) == 0 ? true : result[0] < 1', ['len(result) == 0']],
    ['default(result, 0) < 0.05', ['default(result, ...)']],
    ['(result.errors ?? 0) < 5', ['result ?? ...']],
    ['len(result) > 0 && result[0] < 0.5', []],
    ['!isNaN(result[0]) && result[0] < 0.5', []],
    ['result[0] < 0.5 || result[1] < 0.5', []],
    ['len(filter(result, # > 1)) == 0', []],
    ['result andd', []],
  ]
  for (const [condition, idioms] of rows) test(condition, () => assert.deepEqual(findNoDataGuards(condition), idioms))

  test('are warned of with what becomes of them, and are no error', async () => {
    const lines = await lint(`      successCondition: len(result) == 0 || result[0] < 0.5
      failureCondition: isNaN(result[0]) || result[0] > 0.9`)
    const warnings = lines
      .filter((line) => line.includes('warning'))
      .map((line) => line.replace(/^.*metrics\[0\]: /, ''))
    assert.deepEqual(warnings.slice(0, 2), [
      'answers for missing data (len(result) == 0 in successCondition): that may pass in Argo, here the update pauses',
      'answers for missing data (isNaN(result) in failureCondition): that may fail the update in Argo, here the update pauses',
    ])
    assert.match(lines.join('\n'), /0 errors, 2 warnings/)
  })

  test('as is a failureCondition alone', async () => {
    const lines = await lint('      failureCondition: result[0] > 0.05')
    assert.match(lines[0] ?? '', /has only a failureCondition: no data passes in Argo, here the update pauses/)
  })
})
