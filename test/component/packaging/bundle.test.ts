/** The bundles as users get them: they start without node_modules, name no path of the machine that built them, and behave as the sources. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../../', import.meta.url))
const node = process.execPath

describe('npm run build', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'penstock-bundle-'))
  before(() => run(node, ['--import', 'tsx', 'build.ts', outdir], { cwd: root }), { timeout: 120_000 })
  after(() => rmSync(outdir, { recursive: true, force: true }))

  test('the controller starts far from any node_modules and explains itself', async () => {
    const { stdout } = await run(node, [join(outdir, 'controller.js'), '--help'], { cwd: outdir })
    assert.match(stdout, /--leader-elect/)
  })

  test('a wrong flag stops the controller with 2 and one sentence', async () => {
    await assert.rejects(run(node, [join(outdir, 'controller.js'), '--metricsPort=x'], { cwd: outdir }), (error) => {
      const { code, stderr } = error as { code: number; stderr: string }
      assert.equal(code, 2)
      assert.match(stderr, /^penstock: --metricsPort: [^\n]+\n$/)
      return true
    })
  })

  test('the CLI says the same as from its sources', async () => {
    const bundled = await run(node, [join(outdir, 'cli.js'), '--help'], { cwd: outdir })
    const source = await run(node, ['cli/bin.js', '--help'], { cwd: root })
    assert.equal(bundled.stdout, source.stdout)
  })

  test('a directory after -f stands for the manifests in it', async () => {
    const { stdout } = await run(node, [join(outdir, 'cli.js'), 'lint', '-f', join(root, 'docs/guides/canary')])
    assert.equal(stdout, '0 errors, 0 warnings in 1 object, 5 objects of other kinds not looked at\n')
    const nothing = run(node, [join(outdir, 'cli.js'), 'lint', '-f', join(root, 'docs/guides')])
    await assert.rejects(nothing, /holds no \.yaml, \.yml or \.json file/)
  })

  test('the simulator stands beside the CLI, nowhere else, and plays as it does from the sources', async () => {
    const args = ['simulate', '-f', join(root, 'test/unit/cli/plans/canary-without-router.yaml'), '--seed', '1']
    const bundled = await run(node, [join(outdir, 'cli.js'), ...args], { cwd: outdir })
    const source = await run(node, ['cli/bin.js', ...args], { cwd: root })
    assert.equal(bundled.stdout, source.stdout)
    assert.match(bundled.stdout, /no invariant broke/)
    const holders = readdirSync(outdir).filter((name) => {
      return name.endsWith('.js') && readFileSync(join(outdir, name), 'utf8').includes('prometheus.sim')
    })
    assert.deepEqual(holders, ['simulator.js'])
  })

  test('the CLI says where the simulator is when it does not stand beside it', async () => {
    const alone = mkdtempSync(join(tmpdir(), 'penstock-cli-'))
    copyFileSync(join(outdir, 'cli.js'), join(alone, 'cli.js'))
    const manifest = join(root, 'test/unit/cli/plans/canary-without-router.yaml')
    const simulating = run(node, [join(alone, 'cli.js'), 'simulate', '-f', manifest], { cwd: alone })
    await assert.rejects(simulating, /penstock: the simulator is not part of this image; run it from a checkout/)
    rmSync(alone, { recursive: true, force: true })
  })

  test('what the controller seldom needs stands in files of its own', () => {
    const holders = readdirSync(outdir).filter((name) => {
      return name.endsWith('.js') && readFileSync(join(outdir, name), 'utf8').includes('2015-12-01')
    })
    assert.ok(holders.length > 0 && holders.every((name) => /^controller-.+/.test(name)), holders.join())
  })

  test('no path of this machine is left in them', () => {
    for (const name of readdirSync(outdir).filter((one) => one.endsWith('.js')))
      assert.ok(!readFileSync(join(outdir, name), 'utf8').includes(root), `${name} names ${root}`)
  })
})
