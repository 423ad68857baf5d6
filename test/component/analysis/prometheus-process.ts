/** A real Prometheus as a child process on loopback: one that scrapes a target every second, or one that serves blocks that were made up. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface PrometheusProcess {
  readonly url: string
  /** The first value of an instant query; undefined when there is none. */
  query(promql: string): Promise<number | undefined>
  close(): Promise<void>
}

const READY_WITHIN_MS = 30_000

/** `data`: a directory of blocks to serve, of any age; without it an empty one that is removed in the end. */
export async function startPrometheus(target: string | undefined, data?: string): Promise<PrometheusProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'penstock-prometheus-'))
  const port = await findFreePort()
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs:
      target === undefined ? [] : [{ job_name: 'app', honor_labels: true, static_configs: [{ targets: [target] }] }],
  }
  const configFile = join(directory, 'prometheus.yml')
  await writeFile(configFile, JSON.stringify(config))
  const child = spawn(
    'prometheus',
    [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${data ?? join(directory, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=native-histograms',
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const output: string[] = []
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString('utf8').slice(0, 2000)))
  const url = `http://127.0.0.1:${port}`
  const close = async (): Promise<void> => {
    await stopProcess(child)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(url, child, output)
  } catch (error) {
    await close()
    throw error
  }
  return { url, close, query: (promql) => queryOnce(url, promql) }
}

async function queryOnce(url: string, promql: string): Promise<number | undefined> {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: promql }).toString()}`)
  const body = (await response.json()) as { data?: { result?: readonly { value?: readonly [number, string] }[] } }
  const text = body.data?.result?.[0]?.value?.[1]
  return text === undefined ? undefined : Number(text)
}

async function waitUntilReady(url: string, child: ChildProcess, output: readonly string[]): Promise<void> {
  let failure: Error | undefined
  child.once('error', (error) => {
    failure = new Error(`prometheus cannot be started (Debian: apt-get install prometheus): ${error.message}`)
  })
  const deadline = performance.now() + READY_WITHIN_MS
  while (performance.now() < deadline) {
    if (failure) throw failure
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}: ${output.join('')}`)
    const isReady = await fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    )
    if (isReady) return
    await delay(100)
  }
  throw new Error(`prometheus was not ready within ${READY_WITHIN_MS} ms: ${output.join('')}`)
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const cancel = new AbortController()
  await Promise.race([ended, delay(5_000, undefined, { signal: cancel.signal }).catch(() => {})])
  cancel.abort()
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await ended
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
