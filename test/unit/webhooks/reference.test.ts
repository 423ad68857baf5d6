/** The reference tells what the code does: reasons, metrics and examples are compared, so that neither moves alone. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseTemplates } from '../../../controller/notify/templates.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { declareAlertMetrics } from '../../../webhooks/alert-metrics.ts'
import { defaultAlertMapping, parseAlertMapping } from '../../../webhooks/mapping.ts'
import { ignoredReasons } from '../../../webhooks/match.ts'

const readDoc = (path: string): string => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8')
const alerts = readDoc('reference/alerts.md')
const slack = readDoc('guides/slack.md')

const exampleAfter = (doc: string, heading: string): string => {
  const example = /```yaml\n([\s\S]*?)```/.exec(doc.slice(doc.indexOf(heading)))?.[1]
  assert.ok(example, heading)
  return example
}

test('every reason stands in the decision table', () => {
  for (const reason of ignoredReasons) assert.ok(alerts.includes(`| ignored | \`${reason}\``), reason)
})
test('every metric is documented', async () => {
  const registry = createMetricRegistry()
  declareAlertMetrics(registry)
  for (const { name } of await registry.getMetricsAsJSON()) assert.ok(alerts.includes(`| \`${name}\``), name)
})
test('the mapping example is a mapping, and its values are the defaults', () => {
  const parsed = parseAlertMapping(exampleAfter(alerts, '## Mapping'))
  assert.ok('mapping' in parsed, JSON.stringify(parsed))
  assert.deepEqual({ ...parsed.mapping, rules: [] }, defaultAlertMapping)
})
test('the template example compiles', () => {
  assert.ok('templates' in parseTemplates(exampleAfter(slack, '## Texts')))
})
