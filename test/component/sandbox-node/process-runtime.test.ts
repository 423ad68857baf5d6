/** Pods as real local processes: readiness by HTTP, signals, grace, restarts, output, and nothing left behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { decideBehaviour, noPodDelays } from '../../../sandbox/node/behaviour.ts'
import type { Container, Pod } from '../../../sandbox/node/objects.ts'
import { createProcessRuntime, type ProcessRuntime } from '../../../sandbox/node/processes/process-runtime.ts'
import type { ContainerFacts } from '../../../sandbox/node/simulated-container.ts'
import { isAlive, waitFor } from './waiting.ts'

const workingDirectory = fileURLToPath(new URL('.', import.meta.url))
const baseEnv = { PATH: process.env.PATH ?? '' }
const app = [process.execPath, 'app.js']

const createRuntime = (): ProcessRuntime =>
  createProcessRuntime({
    clock: systemClock,
    workingDirectory,
    baseEnv,
    restartRule: { firstMs: 200, maxMs: 400, resetAfterMs: 60_000 },
    stopGraceMs: 500,
  })

const probe = { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 1, failureThreshold: 1 }
let octet = 0

/** A pod with one process and an address of its own. */
function buildPod(argv: readonly string[], container: Partial<Container> = {}): { pod: Pod; podIP: string } {
  octet += 1
  const ports = [{ name: 'http', containerPort: 8080 }]
  const app: Container = { name: 'app', image: 'process.penstock.dev/app', command: argv, ports, ...container }
  const metadata = { name: `web-${octet}`, namespace: 'shop', uid: `uid-${octet}`, labels: { app: 'web' } }
  return { pod: { metadata, spec: { containers: [app] } }, podIP: `127.9.${process.pid % 250}.${octet}` }
}

interface Running {
  readonly runtime: ProcessRuntime
  readonly uid: string
  readonly podIP: string
  readonly facts: () => ContainerFacts | undefined
  readonly log: () => string
}

async function withPod(
  { pod, podIP }: { pod: Pod; podIP: string },
  check: (running: Running) => Promise<void>,
): Promise<void> {
  const runtime = createRuntime()
  const uid = pod.metadata.uid ?? ''
  try {
    runtime.ensure(pod, decideBehaviour(pod, noPodDelays), podIP)
    const log = (): string => runtime.readLog('shop', pod.metadata.name) ?? ''
    await check({ runtime, uid, podIP, facts: () => runtime.observe(uid)[0], log })
  } finally {
    await runtime.stop()
  }
  assert.equal(runtime.liveProcesses(uid), 0)
}

const pidOf = (log: string): number => Number(/pid=(\d+)/.exec(log)?.[1])

describe('process runtime', () => {
  test('a process is ready when its HTTP probe answers, and not ready when it stops answering', () =>
    withPod(buildPod(app, { readinessProbe: probe }), async ({ facts, podIP }) => {
      assert.equal(facts()?.ready, false)
      await waitFor('ready', () => facts()?.ready === true)
      const answer = await fetch(`http://${podIP}:8080/unready`)
      assert.equal(answer.status, 200)
      await waitFor('not ready', () => facts()?.ready === false)
    }))

  test('the process sees its environment and the downward API', () => {
    const env = [
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'URL', value: 'http://$(HOST):$(PORT)/$(POD)' },
    ]
    const print = [process.execPath, '-p', '[process.env.APP, process.env.URL, process.env.HOME].join(" ")']
    return withPod(buildPod(print, { env }), async ({ log, podIP }) => {
      await waitFor('output', () => log().includes('\n'))
      assert.match(log(), new RegExp(`^web http://${podIP}:8080/web-\\d+ \n`))
    })
  })

  test('SIGTERM comes after preStop and the process may finish within its grace', () =>
    withPod(buildPod(app, { readinessProbe: probe }), async ({ runtime, uid, facts, log }) => {
      await waitFor('ready', () => facts()?.ready === true)
      const startedMs = Date.now()
      runtime.terminate(uid, 5000, 300)
      await waitFor('exit', () => runtime.liveProcesses(uid) === 0)
      assert.ok(Date.now() - startedMs >= 290, 'preStop was not waited for')
      assert.match(log(), /SIGTERM/)
      const state = facts()?.state
      assert.equal(state?.kind === 'terminated' ? state.exitCode : state?.kind, 0)
    }))

  test('a process that ignores SIGTERM is killed when the grace is over', () =>
    withPod(buildPod([...app, '--ignore-sigterm'], { readinessProbe: probe }), async ({ runtime, uid, facts }) => {
      await waitFor('ready', () => facts()?.ready === true)
      const startedMs = Date.now()
      runtime.terminate(uid, 400, 0)
      await waitFor('exit', () => runtime.liveProcesses(uid) === 0)
      assert.ok(Date.now() - startedMs >= 390, 'killed before the grace was over')
      const state = facts()?.state
      assert.equal(state?.kind === 'terminated' ? state.exitCode : state?.kind, 137)
    }))

  test('a failing process restarts at once, then after its back-off', () =>
    withPod(buildPod([process.execPath, '-e', 'process.exit(3)']), async ({ facts }) => {
      await waitFor('back-off', () => facts()?.state.kind === 'waiting' && facts()?.restartCount === 1)
      assert.match(JSON.stringify(facts()?.state), /CrashLoopBackOff.*back-off 0.2s/)
      assert.equal(facts()?.lastRun?.exitCode, 3)
      await waitFor('second restart', () => (facts()?.restartCount ?? 0) >= 2)
    }))

  test('a program that does not exist is a failed start', () =>
    withPod(buildPod(['/no/such/program']), async ({ facts, log }) => {
      await waitFor('failure', () => facts()?.lastRun !== undefined)
      assert.deepEqual([facts()?.lastRun?.exitCode, facts()?.lastRun?.reason], [128, 'StartError'])
      assert.match(log(), /ENOENT/)
    }))

  test('arguments that no program can be given are a failed start as well', () =>
    withPod(buildPod([process.execPath, '\0']), async ({ facts }) => {
      await waitFor('failure', () => facts()?.lastRun?.reason === 'StartError')
    }))

  test('what cannot be served is refused by name', async () => {
    const secret = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }]
    const rows: readonly [Partial<Container>, RegExp][] = [
      [{ env: secret }, /env KEY: valueFrom.secretKeyRef is not served/],
      [{ readinessProbe: { exec: { command: ['true'] } } }, /readinessProbe needs httpGet or tcpSocket/],
      [{ readinessProbe: { tcpSocket: { port: 'grpc' } } }, /is neither a number nor the name of a container port/],
      [{ command: [] }, /needs a command/],
    ]
    for (const [container, message] of rows) {
      await withPod(buildPod(app, container), async ({ facts }) => {
        const state = facts()?.state
        assert.equal(state?.kind === 'waiting' ? state.reason : state?.kind, 'CreateContainerConfigError')
        assert.match(JSON.stringify(state), message)
      })
    }
  })

  test('children of a process go with it', () =>
    withPod(buildPod([...app, '--with-child'], { readinessProbe: probe }), async ({ runtime, uid, facts, log }) => {
      await waitFor('ready', () => facts()?.ready === true)
      await waitFor('child', () => log().includes('child='))
      const child = Number(/child=(\d+)/.exec(log())?.[1])
      assert.ok(isAlive(child))
      runtime.terminate(uid, 5000, 0)
      await waitFor('child gone', () => !isAlive(child))
    }))

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    test(`no process outlives a host that dies by ${signal}`, async () => {
      const host = fileURLToPath(new URL('process-host.ts', import.meta.url))
      const parent = spawn(process.execPath, ['--import', 'tsx', host], { stdio: ['ignore', 'pipe', 'inherit'] })
      let output = ''
      parent.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
      await waitFor('pod process', () => output.includes('pid='))
      const pid = pidOf(output)
      assert.ok(isAlive(pid))
      parent.kill(signal)
      const [, by] = (await once(parent, 'exit')) as [number | null, NodeJS.Signals | null]
      assert.equal(by, signal)
      await waitFor('pod process gone', () => !isAlive(pid))
    })
  }
})
