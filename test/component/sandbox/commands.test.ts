/** The commands as users start and interrupt them: help, wrong flags, and nothing left behind. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { waitFor } from '../../../sandbox/wait.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Run {
  readonly child: ChildProcess
  output(): string
  readonly ended: Promise<number>
}

/** Its temporary files are all below `temporary`. */
function start(args: readonly string[], temporary: string): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', ...args], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
    })
  }
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 128)))
  return { child, output: () => output, ended }
}

async function withTemporary(check: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), 'penstock-test-'))
  try {
    await check(temporary)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Processes whose command line or working directory is below `folder`; empty where /proc is not. */
async function listProcesses(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  for (const id of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(id)) continue
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')
    if (command.includes(folder)) found.push(command.replaceAll('\0', ' '))
  }
  return found
}

async function listLeftovers(temporary: string): Promise<readonly string[]> {
  const names = await readdir(temporary)
  return names.filter((name) => name.startsWith('penstock-'))
}

async function interruptOnce(run: Run, when: RegExp, temporary: string): Promise<number> {
  await waitFor(() => when.test(run.output()) || run.child.exitCode !== null, {
    clock,
    what: `${when} in the output`,
    withinMs: 60_000,
  })
  assert.match(run.output(), when)
  run.child.kill('SIGINT')
  const code = await run.ended
  assert.deepEqual(await listLeftovers(temporary), [])
  assert.deepEqual(await listProcesses(temporary), [])
  return code
}

describe('sandbox command', () => {
  test('explains itself and refuses a wrong flag in one sentence', async () => {
    await withTemporary(async (temporary) => {
      const help = start(['sandbox/main.ts', '--help'], temporary)
      assert.equal(await help.ended, 0)
      assert.match(help.output(), /--kubeconfig-out/)
      const wrong = start(['sandbox/main.ts', '--port', 'x'], temporary)
      assert.equal(await wrong.ended, 1)
      assert.match(wrong.output(), /^sandbox: --port: expected 0 to 65535, got "x"\n$/)
      const both = start(['sandbox/main.ts', '--proxies', '--no-workloads'], temporary)
      assert.equal(await both.ended, 1)
      assert.match(both.output(), /^sandbox: --proxies: there is nothing to send to with --no-workloads\n$/)
    })
  })

  test('real proxies answer in the place of the gateway, and leave nothing behind when interrupted', async () => {
    await withTemporary(async (temporary) => {
      const run = start(['sandbox/main.ts', '--proxies'], temporary)
      await waitFor(() => run.output().includes('Ready'), { clock, what: 'the sandbox', withinMs: 60_000 })
      assert.doesNotMatch(run.output(), /^gateway /m)
      for (const name of ['HAProxy', 'nginx']) {
        const url = new RegExp(`^${name} +(\\S+)$`, 'm').exec(run.output())?.[1] ?? ''
        const answer = await fetch(url)
        assert.deepEqual([answer.status, answer.headers.get('x-penstock-gateway')], [404, 'no-route'], name)
      }
      assert.equal(await interruptOnce(run, /Ready/, temporary), 0)
    })
  })

  test('writes a kubeconfig that leads to the cluster, and leaves nothing behind when interrupted', async () => {
    await withTemporary(async (temporary) => {
      const kubeconfig = join(temporary, 'config')
      const run = start(['sandbox/main.ts', '--kubeconfig-out', kubeconfig], temporary)
      await waitFor(() => run.output().includes('Ready'), { clock, what: 'the sandbox', withinMs: 60_000 })
      const server = /server: (\S+)/.exec(await readFile(kubeconfig, 'utf8'))?.[1] ?? ''
      assert.equal((await fetch(`${server}/apis/argoproj.io/v1alpha1/rollouts`)).status, 200)
      assert.equal(await interruptOnce(run, /Ready/, temporary), 0)
      await access(kubeconfig)
      await assert.rejects(fetch(`${server}/version`), 'the port is closed')
    })
  })
})

describe('demo command', () => {
  test('explains itself and refuses an unknown gate', async () => {
    await withTemporary(async (temporary) => {
      const help = start(['sandbox/story/main.ts', '--help'], temporary)
      assert.equal(await help.ended, 0)
      assert.match(help.output(), /--once/)
      const wrong = start(['sandbox/story/main.ts', '--break-gate', 'none'], temporary)
      assert.equal(await wrong.ended, 1)
      assert.match(
        wrong.output(),
        /^demo: --break-gate: expected one of errors, latency, orders, shipping, alert, got "none"\n$/,
      )
    })
  })

  test('leaves no process and no file behind when it is interrupted in the middle', async () => {
    await withTemporary(async (temporary) => {
      const run = start(['sandbox/story/main.ts', '--once', '--out', join(temporary, 'out')], temporary)
      assert.equal(await interruptOnce(run, /5 % canary/, temporary), 1)
    })
  })
})
