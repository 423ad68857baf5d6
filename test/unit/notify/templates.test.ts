import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Notice } from '../../../controller/api/notice.ts'
import { escapeSlack } from '../../../controller/notify/slack.ts'
import { compileTemplates, parseTemplates } from '../../../controller/notify/templates.ts'
import { notices } from './notices.ts'

function render(notice: Notice, yaml = ''): string {
  const parsed = parseTemplates(yaml)
  assert.ok('templates' in parsed, JSON.stringify(parsed))
  return parsed.templates.render({ namespace: 'shop', name: 'checkout', notice }, escapeSlack)
}

const faultOf = (yaml: string): string => {
  const parsed = parseTemplates(yaml)
  assert.ok('error' in parsed, yaml)
  assert.ok(!parsed.error.includes('\n'))
  return parsed.error
}

describe('the default messages', () => {
  const golden: readonly (readonly [Notice, string])[] = [
    [
      notices.UpdateStarted,
      ':arrow_forward: *shop/checkout* revision 2: update started. image registry.example/checkout:2.0.0',
    ],
    [
      notices.StagePassed,
      ':white_check_mark: *shop/checkout* revision 2: step 2 of 4 passed (25 % of traffic). error rate 0.1 % against 0.1 %, P99 81 ms against 79 ms',
    ],
    [
      notices.Paused,
      ':double_vertical_bar: *shop/checkout* revision 2: paused at step 3 of 4 (25 % of traffic). CanaryPauseStep: waits for a promotion',
    ],
    [
      notices.Aborted,
      ':rotating_light: *shop/checkout* revision 2: aborted at step 2 of 4 (25 % of traffic), traffic goes back to the stable version. AlertFiring: Alert HighErrorRate is firing: 7.2 % of &lt;requests&gt; fail &amp; rising',
    ],
    [notices.Promoted, ':tada: *shop/checkout* revision 2: promoted, it is the stable version now.'],
  ]
  for (const [notice, text] of golden) test(notice.kind, () => assert.equal(render(notice), text))

  test('a blue-green abort has no step', () => {
    const { stepIndex: _, stepCount: __, weightPercent: ___, ...notice } = notices.Aborted
    assert.match(render(notice), /revision 2: aborted, traffic goes back/)
  })
})

describe('templates from a file', () => {
  test('replace the default of their kind alone', () => {
    const yaml = 'Promoted: "{{name}}@{{revision}} {{#unless stepNumber}}done{{else}}step{{/unless}}"'
    assert.equal(render(notices.Promoted, yaml), 'checkout@2 done')
    assert.match(render(notices.Paused, yaml), /^:double_vertical_bar:/)
  })
  const faults: readonly (readonly [string, RegExp])[] = [
    ['Promoted: "{{nmae}}"', /Promoted: \{\{nmae\}\} is not a field; there are namespace, name/],
    ['Promoted: "{{constructor}}"', /Promoted: \{\{constructor\}\} is not a field/],
    ['Promoted: "{{__proto__}}"', /is not a field/],
    ['Promoted: "{{name.constructor}}"', /is not a field/],
    ['Promoted: "{{../name}}"', /is not a field/],
    ['Promoted: "{{@root}}"', /is not a field/],
    ['Promoted: "{{this}}"', /is not a field/],
    ['Promoted: "{{lookup name revision}}"', /take no parameters/],
    ['Promoted: "{{> partial}}"', /PartialStatement is not allowed/],
    ['Promoted: "{{#each name}}x{{/each}}"', /\{\{#each\}\} is not known/],
    ['Promoted: "{{#if (lookup name)}}x{{/if}}"', /only fields may stand/],
    ['Promoted: "{{#if name}}{{secret}}{{/if}}"', /\{\{secret\}\} is not a field/],
    ['Promoted: "{{#if name}}a{{else}}{{secret}}{{/if}}"', /\{\{secret\}\} is not a field/],
    ['Promoted: "{{#if name}}"', /Promoted: is not a template/],
    ['Promoted: 7', /Promoted: /],
    ['Promotd: x', /the file: .*Promotd/],
    [`Promoted: ${'x'.repeat(4001)}`, /Promoted: /],
    ['a: [', /is not YAML/],
  ]
  for (const [yaml, message] of faults) test(yaml.slice(0, 60), () => assert.match(faultOf(yaml), message))

  test('no value of the notice is read as a template', () => {
    const notice = { ...notices.Promoted, message: '{{name}} {{#if}}' }
    assert.match(render(notice, 'Promoted: "{{message}}"'), /^\{\{name\}\} \{\{#if\}\}$/)
  })
  test('a fault in code is a sentence as well', () => {
    assert.ok('error' in compileTemplates({ Aborted: '{{x}}' }))
  })
})
