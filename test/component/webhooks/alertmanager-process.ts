/** A real Alertmanager for one test: its own directory, its own port on loopback, no clustering, and gone at the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface AlertmanagerProcess {
  readonly url: string
  /** Posts alerts as Prometheus does. */
  postAlerts(alerts: readonly object[]): Promise<void>
  stop(): Promise<void>
}

export interface AlertmanagerOptions {
  readonly receiverUrl: string
  readonly token: string
}

const names = ['prometheus-alertmanager', 'alertmanager']

function findBinary(): string {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const path = join(directory, name)
      try {
        accessSync(path, constants.X_OK)
        return path
      } catch {
        // Not here; the next one.
      }
    }
  }
  throw new Error('Alertmanager is missing: apt-get install --no-install-recommends prometheus-alertmanager')
}

async function findFreePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** The route that docs/reference/alerts.md recommends, with a group interval short enough for a test. */
const renderConfig = (receiverUrl: string, tokenFile: string): string => `
route:
  receiver: penstock
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 5m
receivers:
  - name: penstock
    webhook_configs:
      - url: ${JSON.stringify(receiverUrl)}
        send_resolved: true
        http_config:
          follow_redirects: false
          authorization: { credentials_file: ${JSON.stringify(tokenFile)} }
`

/** Polls until `isTrue`; rejects after `withinMs`. */
export async function waitFor(
  what: string,
  isTrue: () => Promise<boolean> | boolean,
  withinMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms for: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const stopProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
}

export async function startAlertmanager(options: AlertmanagerOptions): Promise<AlertmanagerProcess> {
  const binary = findBinary()
  const directory = mkdtempSync(join(tmpdir(), 'penstock-alertmanager-'))
  const tokenFile = join(directory, 'token')
  const configFile = join(directory, 'alertmanager.yml')
  writeFileSync(tokenFile, options.token, { mode: 0o600 })
  writeFileSync(configFile, renderConfig(options.receiverUrl, tokenFile))
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const flags = [`--config.file=${configFile}`, `--storage.path=${directory}`, `--web.listen-address=127.0.0.1:${port}`]
  const child = spawn(binary, [...flags, '--cluster.listen-address=', '--log.level=error'], { stdio: 'ignore' })
  const stop = async (): Promise<void> => {
    await stopProcess(child)
    rmSync(directory, { recursive: true, force: true })
  }
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    )
  try {
    await waitFor('Alertmanager to be ready', isReady)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    url,
    stop,
    async postAlerts(alerts) {
      const headers = { 'content-type': 'application/json' }
      const response = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(alerts) })
      if (!response.ok) throw new Error(`Alertmanager answered ${response.status}: ${await response.text()}`)
    },
  }
}
