import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { parseManifests } from '../../../sandbox/manifests.ts'
import { breakableGates, releases, renderAlerts, renderRollout } from '../../../sandbox/story/plot.ts'

const read = (file: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../sandbox/story/${file}`, import.meta.url)), 'utf8')

interface Rendered {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[] }
    }
    readonly strategy: {
      readonly canary: {
        readonly steps: readonly { analysis?: { args: readonly { name: string; value?: string }[] } }[]
      }
    }
  }
}

const argsOf = (gate: object): readonly { readonly name: string }[] =>
  'spec' in gate ? (gate.spec as { readonly args: readonly { readonly name: string }[] }).args : []

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

  test('a broken gate reaches every stage, or the alerting rule', () => {
    for (const gate of breakableGates.filter((name) => name !== 'alert')) {
      const steps = (parse(renderRollout(manifest, {}, gate)) as Rendered).spec.strategy.canary.steps
      const usual = (parse(manifest) as Rendered).spec.strategy.canary.steps
      const counts = steps.flatMap(({ analysis }) => (analysis ? [analysis.args.length] : []))
      assert.deepEqual(
        counts,
        usual.flatMap(({ analysis }) => (analysis ? [analysis.args.length + 1] : [])),
      )
    }
    const alerts = read('prometheus/alerts.yaml')
    assert.equal(renderAlerts(alerts), alerts)
    assert.notEqual(renderAlerts(alerts, 'alert'), alerts)
  })

  test('the arguments that the story sets exist in the gates of the chart', () => {
    const gates = ['error-rate-spike', 'p99-latency', 'business-events'].flatMap((name) =>
      parseManifests(read(`../../charts/penstock/files/gates/${name}.yaml`), name),
    )
    const known = new Set(gates.flatMap((gate) => argsOf(gate).map(({ name }) => name)))
    for (const gate of breakableGates.filter((name) => name !== 'alert')) {
      const steps = (parse(renderRollout(manifest, {}, gate)) as Rendered).spec.strategy.canary.steps
      for (const { name } of steps.flatMap(({ analysis }) => analysis?.args ?? [])) assert.ok(known.has(name), name)
    }
  })
})
