/** The structure of the code as a test, and a test of that test: each rule is shown to fail on a file that breaks it. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findBreaches, findCycles, importsOf, pureFolders, type Sources } from './architecture.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

function readSources(): Sources {
  const folders = ['controller', 'analysis', 'webhooks', 'cli', 'sandbox', 'charts', 'sim']
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
  return Object.fromEntries(files.map((file) => [relative(root, file), readFileSync(file, 'utf8')]))
}

const sources = readSources()

describe('the structure of the code', () => {
  test('keeps its layers, its pure core and no cycles', () => {
    assert.deepEqual(findBreaches(sources), [])
  })

  test('is read from many files, and the pure folders are not empty', () => {
    assert.ok(Object.keys(sources).length > 150)
    for (const folder of pureFolders)
      assert.ok(
        Object.keys(sources).some((path) => path.startsWith(folder)),
        folder,
      )
  })

  test('has no barrel: no file only re-exports', () => {
    const barrels = Object.entries(sources).filter(([, source]) => /^\s*export\s+\*\s+from/m.test(source))
    assert.deepEqual(
      barrels.map(([path]) => path),
      [],
    )
  })

  test('keeps the story of the decision on one screen', () => {
    const lines = (sources['controller/domain/decide.ts'] ?? '').split('\n').length
    assert.ok(lines <= 60, `decide.ts has ${lines} lines`)
  })

  test('has no hook at the root of a suite: all suites of a group share one process, and it would run for each of them', () => {
    const suites = readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
    const hooked = suites.filter((file) => /^(?:before|after)(?:Each)?\(/m.test(readFileSync(file, 'utf8')))
    assert.deepEqual(
      hooked.map((file) => relative(root, file)),
      [],
    )
  })

  test('opens every file with a sentence that says what it decides', () => {
    const silent = Object.entries(sources).filter(([, source]) => !/^(#!.*\n)?\/\*\*/.test(source))
    assert.deepEqual(
      silent.map(([path]) => path),
      [],
    )
  })
})

describe('the rules themselves fail on a breach', () => {
  const breached = (path: string, source: string): readonly string[] => findBreaches({ ...sources, [path]: source })
  const decide = sources['controller/domain/decide.ts'] ?? ''

  for (const [what, line] of [
    ['Date.now()', 'export const now = Date.now()'],
    ['a new Date without argument', 'export const now = new Date()'],
    ['Math.random()', 'export const chance = Math.random()'],
    ['process.env', 'export const home = process.env.HOME'],
    ['a timer', 'setTimeout(() => {}, 1)'],
    ['console', "console.log('x')"],
    ['async', 'export const later = async () => {}'],
    ['node:fs', "import { readFileSync } from 'node:fs'"],
    ['the kube client', "import type { KubeClient } from '../kube/client.ts'"],
    ['a router', "import { gatewayApi } from '../traffic/gateway-api.ts'"],
    ['the log', "import type { Logger } from '../runtime/log.ts'"],
  ] as const) {
    test(`${what} in the pure core`, () => {
      assert.equal(breached('controller/domain/decide.ts', `${line}\n${decide}`).length > 0, true)
    })
  }

  test('a forbidden import between adapters, and product code that imports the sandbox or a test', () => {
    assert.equal(breached('controller/traffic/x.ts', "import { slack } from '../notify/slack.ts'").length, 1)
    assert.equal(
      breached('controller/kube/x.ts', "import { createApiServer } from '../../sandbox/api-server/server.ts'").length,
      1,
    )
    assert.equal(breached('webhooks/x.ts', "import { decide } from '../controller/domain/decide.ts'").length, 1)
    assert.equal(
      breached('analysis/reconcile/x.ts', "import { decide } from '../../controller/domain/decide.ts'").length,
      1,
    )
  })

  test('an import that is made later, where there is no door', () => {
    const late = "export const load = () => import('../sim/user/simulator.ts')"
    assert.deepEqual(breached('cli/x.ts', late), ['cli/x.ts: cli/ must not import sim/user/simulator.ts'])
    assert.deepEqual(breached('cli/main.ts', late), [])
    assert.equal(breached('cli/main.ts', "import { simulator } from '../sim/user/simulator.ts'").length, 1)
    assert.equal(breached('controller/kube/x.ts', "await import('../../sandbox/api-server/server.ts')").length, 1)
  })

  test('a cycle, also one of types', () => {
    const cyclic = { 'a/x.ts': "import type { Y } from './y.ts'", 'a/y.ts': "import { x } from './x.ts'" }
    assert.deepEqual(findCycles(cyclic), ['cycle: a/x.ts → a/y.ts → a/x.ts'])
  })

  test('words in comments and strings are no breach', () => {
    assert.deepEqual(
      breached(
        'controller/domain/decide.ts',
        `${decide}\n// Date.now() is forbidden\nexport const text = 'process and console'\n`,
      ),
      [],
    )
  })

  test('imports over several lines and re-exports are seen', () => {
    assert.deepEqual(
      importsOf("import {\n  a,\n  b,\n} from './a.ts'\nexport type { C } from './c.ts'\nimport './d.ts'"),
      ['./a.ts', './c.ts', './d.ts'],
    )
  })
})
