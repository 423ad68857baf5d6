import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { renderPrometheusConfig } from '../../../sandbox/observability/config.ts'
import { breakableGates, gateMetrics, releases, renderAlerts, renderRollout } from '../../../sandbox/story/plot.ts'
import { SCRAPE_SECONDS } from '../../../sandbox/story/prediction.ts'

const read = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../sandbox/story/${file}`, import.meta.url)), 'utf8')

interface Rendered {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[] }
    }
    readonly strategy: {
      readonly canary: {
        readonly steps: readonly {
          analysis?: {
            args: readonly { name: string; value?: string }[]
            dryRun?: readonly { metricName: string }[]
          }
        }[]
      }
    }
  }
}

const gate = parse(read('../../charts/penstock/files/gates/triple-gate.yaml')) as {
  readonly spec: Readonly<Record<'args' | 'metrics', readonly { readonly name: string }[]>>
}
const shipping = parse(read('36-shipping.yaml')) as typeof gate
const metricsOfGate = [gate, shipping].flatMap(({ spec }) => spec.metrics.map(({ name }) => name))

const envOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    ((parse(text) as Rendered).spec.template.spec.containers[0]?.env ?? []).flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value]],
    ),
  )

describe('the plot', () => {
  const manifest = read('40-rollout.yaml')

  test('every release changes the environment and nothing else', () => {
    for (const release of releases) {
      const rendered = renderRollout(manifest, release.env)
      const env = envOf(rendered)
      for (const [name, value] of Object.entries(release.env)) assert.equal(env[name], value)
      const restored = renderRollout(rendered, envOf(manifest))
      assert.deepEqual(parse(restored), parse(renderRollout(manifest, {})))
    }
  })

  test('every release is another revision', () => {
    const texts = releases.map((release) => renderRollout(manifest, release.env))
    assert.equal(new Set(texts).size, releases.length)
  })

  test('an unknown variable is refused by name', () => {
    assert.throws(() => renderRollout(manifest, { NO_SUCH: '1' }), /NO_SUCH/)
  })

  test('a broken gate has no say in any stage, or the alerting rule cannot fire', () => {
    const analyses = (text: string) =>
      (parse(text) as Rendered).spec.strategy.canary.steps.flatMap(({ analysis }) => analysis ?? [])
    assert.deepEqual(
      analyses(renderRollout(manifest, {})).map(({ dryRun }) => dryRun),
      [undefined, undefined, undefined],
    )
    for (const gate of breakableGates.filter((name) => name !== 'alert')) {
      const [first, ...others] = analyses(renderRollout(manifest, {}, gate)).map(({ dryRun }) => dryRun)
      assert.ok(metricsOfGate.includes(first?.[0]?.metricName ?? ''), gate)
      assert.deepEqual(others, [first, first])
    }
    const alerts = read('prometheus/alerts.yaml')
    assert.equal(renderAlerts(alerts), alerts)
    assert.notEqual(renderAlerts(alerts, 'alert'), alerts)
  })

  test('metrics and arguments of the story exist in the gates of the chart and of the shop', () => {
    assert.deepEqual(metricsOfGate, gateMetrics)
    const known = new Set(gate.spec.args.map(({ name }) => name))
    for (const { analysis } of (parse(manifest) as Rendered).spec.strategy.canary.steps)
      for (const { name } of analysis?.args ?? []) assert.ok(known.has(name), name)
    const [asked] = (parse(manifest) as Rendered).spec.strategy.canary.steps.flatMap(({ analysis }) => analysis ?? [])
    const given = new Set(asked?.args.map(({ name }) => name))
    for (const { name } of shipping.spec.args) assert.ok(given.has(name), name)
  })

  test('a tick is the scrape that delays are predicted by', () => {
    const [analysis] = (parse(manifest) as Rendered).spec.strategy.canary.steps.flatMap(
      ({ analysis }) => analysis ?? [],
    )
    const told = new Map(analysis?.args.map(({ name, value }) => [name, value]))
    assert.equal(told.get('tick'), `${SCRAPE_SECONDS}s`)
    const prometheus = renderPrometheusConfig({
      targetsFile: '/t',
      gatewayMetrics: 'http://127.0.0.1:1/metrics',
      ruleFiles: [],
      alertmanager: '127.0.0.1:2',
    })
    assert.ok(prometheus.includes(`scrape_interval: ${SCRAPE_SECONDS}s`))
  })
})
