/** Each finding names file, line, column, field and fix; what is not ours is left alone; hostile files do no harm. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { lintText, readObjects } from '../../../cli/lint/lint-text.ts'
import { parseField } from '../../../cli/lint/problem.ts'
import { validators } from '../../../cli/lint/validators.ts'
import { runCli } from '../../../cli/program.ts'
import { renderPath } from '../../../controller/domain/validation/problem.ts'
import { createFakeCli } from './fake-cluster.ts'

const manifest = (spec: string): string =>
  `apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata:\n  name: web\nspec:\n${spec}`
const sound =
  '  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: a, image: b}]}}\n'
const findings = (text: string): readonly string[] =>
  lintText('f.yaml', text, validators).problems.map(
    ({ line, column, field, message, fix }) => `${line}:${column} ${field} ${message}${fix ? ` (${fix})` : ''}`,
  )

describe('lintText', () => {
  const rows: [string, string, string[]][] = [
    ['a wrong type', manifest('  replicas: "3"\n'), ['6:13 spec.replicas must be a whole number, is a string']],
    [
      'a missing field is shown at its parent',
      manifest('  strategy:\n    blueGreen:\n      previewService: p\n'),
      ['8:7 spec.strategy.blueGreen.activeService is missing (add it: a string (put it in quotes))'],
    ],
    [
      'an int-or-string',
      manifest('  strategy: {canary: {maxSurge: true}}\n'),
      ['6:33 spec.strategy.canary.maxSurge must be a whole number or a string (for example 1 or "25%")'],
    ],
    [
      'a misspelt field',
      manifest(`${sound}  strategy:\n    canary:\n      steps:\n      - setWeight: 1\n        setWieght: 20\n`),
      [
        '12:20 spec.strategy.canary.steps[0].setWieght is not a field that Penstock knows; it has no effect (did you mean "setWeight"?)',
      ],
    ],
    [
      'an Experiment, in the words of its controller',
      `apiVersion: argoproj.io/v1alpha1\nkind: Experiment\nmetadata: {name: trial}\nspec:\n  duration: soon\n  templates:\n${'  - name: same\n  '.concat(sound.replaceAll('\n  ', '\n    ').trimEnd(), '\n').repeat(2)}`,
      [
        '5:13 spec.duration is not a duration (a duration such as "30s" or "1h30m")',
        "10:11 spec.templates[1].name Experiment trial has repeated template name 'same' in templates (give each template its own name)",
      ],
    ],
    [
      'no spec',
      'apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\n',
      ['1:1 spec is missing (add it: a mapping)'],
    ],
    [
      'no name',
      manifest(`${sound}  strategy: {canary: {}}\n`).replace('name: web', 'labels: {}'),
      ['4:3 metadata.name is missing (give the object a name)'],
    ],
    [
      'another version',
      manifest(`${sound}  strategy: {canary: {}}\n`).replace('v1alpha1', 'v1beta1'),
      ['1:13 apiVersion must be argoproj.io/v1alpha1 (write apiVersion: argoproj.io/v1alpha1)'],
    ],
    [
      'bad YAML',
      'a: [\n',
      ['2:1  Flow sequence in block collection must be sufficiently indented and end with a ] (correct the YAML)'],
    ],
    [
      'an open map takes anything',
      manifest(
        `${sound}  strategy: {canary: {stableService: a, canaryService: b, trafficRouting: {plugins: {"argoproj-labs/gatewayAPI": {httpRoute: a, x: {y: 1}}}}}}\n`,
      ),
      [],
    ],
    [
      'a colour that the router cannot carry',
      manifest(
        `${sound}  strategy:\n    canary:\n      stableService: a\n      canaryService: b\n      trafficRouting:\n        managedRoutes: [{name: vip}]\n        plugins: {"argoproj-labs/gatewayAPI": {httpRoute: a}}\n      steps:\n      - plugin:\n          name: penstock/color\n          config:\n            name: vip\n            match:\n            - idRange: {header: x-user, modulo: 1000, from: 1, to: 1000}\n`,
      ),
      ['21:68 spec.strategy.canary.steps[0].plugin.config.match[0].idRange.to must be less than modulo'],
    ],
    [
      'configurations of routers',
      manifest(
        `${sound}  strategy:\n    canary:\n      stableService: a\n      canaryService: b\n      trafficRouting:\n        plugins:\n          penstock/switch: {configMap: a, weight: {key: no key}}\n          argoproj-labs/gatewayAPI:\n            httpRoutes:\n            - name: 7\n`,
      ),
      [
        '14:57 spec.strategy.canary.trafficRouting.plugins["penstock/switch"].weight.key must be a key of a ConfigMap: letters, digits, - _ .',
        '17:21 spec.strategy.canary.trafficRouting.plugins["argoproj-labs/gatewayAPI"].httpRoutes[0].name Invalid input: expected string, received number',
      ],
    ],
    ['what is not ours', 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n', []],
  ]
  for (const [name, text, expected] of rows) test(name, () => assert.deepEqual(findings(text), expected))

  test('the second document of a file keeps its own lines', () => {
    assert.deepEqual(findings(`${manifest(`${sound}  strategy: {canary: {}}\n`)}---\n${manifest('  replicas: x\n')}`), [
      '15:13 spec.replicas must be a whole number, is a string',
    ])
  })

  test('aliases that would blow up are not expanded', () => {
    const bomb = Array.from(
      { length: 20 },
      (_, index) =>
        `a${index}: &a${index} [${
          index === 0
            ? 'x'
            : Array(9)
                .fill(`*a${index - 1}`)
                .join(',')
        }]`,
    )
    assert.deepEqual(lintText('f', bomb.join('\n'), {}).problems, [])
  })

  test('a file larger than any manifest is refused', () => {
    assert.match(findings('#'.repeat(5 * 1024 * 1024))[0] ?? '', /larger than 4 MiB/)
  })

  test('a wrong shape is all that is told of a spec', () => {
    assert.deepEqual(findings(manifest('  replicas: x\n  strategy: {canary: {steps: [{setWeight: 300}]}}\n')), [
      '6:13 spec.replicas must be a whole number, is a string',
    ])
  })

  test('what is valid and surely not meant is a warning', () => {
    const text = manifest(`${sound}  strategy: {canary: {minPodsPerReplicaSet: 2}}\n`)
    assert.deepEqual(
      lintText('f', text, validators).problems.map(({ severity, message }) => `${severity}: ${message}`),
      ['warning: has no effect without trafficRouting'],
    )
  })

  test('a gate that compares where stable has no traffic is shown at its place, whichever file its template is in', () => {
    const template = `apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: errors}\nspec:\n  args: [{name: old}]\n  metrics:\n  - name: e\n    provider: {plugin: {penstock/gate: {gate: errorRate, canary: a, stable: "{{args.old}}"}}}\n`
    const rollout = manifest(
      `${sound}  strategy:\n    canary:\n      steps:\n      - setWeight: 100\n      - analysis:\n          args: [{name: old, valueFrom: {podTemplateHashValue: Stable}}]\n          templates:\n          - templateName: errors\n`,
    )
    const told = (others: string) =>
      lintText('f.yaml', rollout, validators, readObjects(others)).problems.map(
        ({ line, column, severity, message }) => `${line}:${column} ${severity} ${message.split(':')[0]}`,
      )
    const place = '15:27 warning metric e compares with stable, which has no traffic by then'
    assert.deepEqual(told(`${template}---\n${rollout}`), [place])
    assert.deepEqual(told(template), [place])
    assert.deepEqual(told('a: [\n---\nkind: AnalysisTemplate\n---\njust a text\n'), [])
    assert.deepEqual(told(template.replace('errorRate', 'events')), [])
  })

  test('experiments are linted', () => {
    const text = manifest('  templates: []\n').replace('Rollout', 'Experiment')
    assert.deepEqual(findings(text), ['6:14 spec.templates names no template (add a template)'])
  })
})

describe('penstock lint', () => {
  test('asks the same rules as the controller, exits 1, and counts', async () => {
    const text = manifest(`${sound}  strategy:\n    canary:\n      steps:\n      - setWeight: 120\n`)
    const { deps, output } = createFakeCli(undefined, { files: { 'f.yaml': text } })
    assert.equal(await runCli(['lint', '-f', 'f.yaml'], deps), 1)
    assert.match(output().out, /^f.yaml:11:20: error: Rollout web: spec.strategy.canary.steps\[0\].setWeight: /)
    assert.match(output().out, /\n1 error, 0 warnings in 1 object\n$/)
  })

  test('a route of the files that names one of the two Services is an error, of plan and simulate too, and no route is none', async () => {
    const routing = 'plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}'
    const text = manifest(
      `${sound}  strategy:\n    canary:\n      stableService: s\n      canaryService: c\n      trafficRouting: {${routing}}\n      steps: [{setWeight: 20}]\n`,
    )
    const route = (backends: string): string =>
      `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web}\nspec: {rules: [{backendRefs: [${backends}]}]}\n`
    const run = async (command: string, backends: string | undefined) => {
      const beside: Record<string, string> = backends === undefined ? {} : { 'route.yaml': route(backends) }
      const { deps, output } = createFakeCli(undefined, { files: { 'f.yaml': text, ...beside } })
      const named = ['f.yaml', ...Object.keys(beside)].flatMap((file) => ['-f', file])
      return { code: await runCli([command, ...named], deps), said: output().out + output().err }
    }
    const wrong =
      /^f.yaml:12:72: error: Rollout web: spec.strategy.canary.trafficRouting.plugins\["argoproj-labs\/gatewayAPI"\].httpRoute: .* name both "s" and "c": add both to one rule\n/
    for (const [command, code] of [
      ['lint', 1],
      ['plan', 2],
      ['simulate', 2],
    ] as const) {
      const refused = await run(command, '{name: s, port: 80}')
      assert.equal(refused.code, code, command)
      assert.match(refused.said, wrong, command)
    }
    for (const backends of ['{name: s}, {name: c}', undefined]) assert.equal((await run('lint', backends)).code, 0)
    assert.equal((await run('plan', undefined)).code, 0)
  })

  test('a sound file exits 0 with an empty list', async () => {
    const text = manifest(`${sound}  strategy: {canary: {steps: [{setWeight: 20}]}}\n`)
    const { deps, output } = createFakeCli(undefined, { files: { 'f.yaml': text } })
    assert.equal(await runCli(['lint', '-f', 'f.yaml', '--json'], deps), 0)
    assert.deepEqual(JSON.parse(output().out), { checked: 1, skipped: 0, errors: 0, problems: [] })
  })
})

test('a field path survives being printed and read', () => {
  const path = ['strategy', 'canary', 'steps', 3, 'plugins', 'a/b.c', 'd']
  assert.equal(renderPath('spec', path), 'spec.strategy.canary.steps[3].plugins["a/b.c"].d')
  assert.deepEqual(parseField(renderPath('spec', path)), ['spec', ...path])
})
