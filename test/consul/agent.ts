/** A real Consul agent for one test: a server of its own on loopback, in memory, without telemetry or look-ups of updates, and gone at the end. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../sandbox/child.ts'
import { findFreePort } from '../../sandbox/free-port.ts'
import { findConsul } from './find-consul.ts'

export interface ConsulAgent {
  /** Such as `http://127.0.0.1:8500`. */
  readonly address: string
  /** The same by TLS; nobody listens there without a certificate. */
  readonly secureAddress: string
  readonly version: string
  /** Answers as the agent gives them; `token` when it asks for one. */
  call(method: string, path: string, body?: string, token?: string): Promise<{ status: number; body: string }>
  /** Ends it and starts it anew: it forgets everything. */
  restart(): Promise<void>
  /** Ends it without starting it again. */
  halt(): Promise<void>
  stop(): Promise<void>
}

export interface AgentOptions {
  /** Everything is forbidden without a token; this one may do everything. */
  readonly managementToken?: string
  /** PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string }
}

const READY_MS = 30_000

export async function startConsulAgent({ managementToken, certificate }: AgentOptions = {}): Promise<ConsulAgent> {
  const command = await findConsul()
  const directory = await mkdtemp(join(tmpdir(), 'penstock-consul-'))
  const [http, https, server, serf] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ]
  const address = `http://127.0.0.1:${http}`
  const acl = { enabled: true, default_policy: 'deny', tokens: { master: managementToken } }
  const files = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') }
  await writeFile(files.cert_file, certificate?.cert ?? '')
  await writeFile(files.key_file, certificate?.key ?? '')
  await writeFile(
    join(directory, 'agent.json'),
    JSON.stringify({
      bind_addr: '127.0.0.1',
      client_addr: '127.0.0.1',
      ports: { http, https: certificate ? https : -1, server, serf_lan: serf, serf_wan: -1, dns: -1, grpc: -1 },
      disable_update_check: true,
      disable_host_node_id: true,
      log_level: 'warn',
      ...(managementToken === undefined ? {} : { acl }),
      ...(certificate ? files : {}),
    }),
  )
  const args = ['agent', '-dev', `-config-file=${join(directory, 'agent.json')}`]
  const call: ConsulAgent['call'] = async (method, path, body, token) => {
    const headers = token === undefined ? {} : { 'X-Consul-Token': token }
    const answer = await fetch(`${address}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    return { status: answer.status, body: await answer.text() }
  }
  const start = async (): Promise<Child> => {
    const child = await startChild({ name: 'consul', command, args, logFile: join(directory, 'consul.log') })
    await untilReady(child, call, managementToken)
    return child
  }
  let child = await start()
  const self = await call('GET', '/v1/agent/self', undefined, managementToken)
  return {
    address,
    secureAddress: `https://127.0.0.1:${https}`,
    version: JSON.parse(self.body).Config.Version,
    call,
    async restart() {
      await child.stop()
      child = await start()
    },
    halt: () => child.stop(),
    async stop() {
      await child.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** It takes writes, which needs a leader. */
async function untilReady(child: Child, call: ConsulAgent['call'], token: string | undefined): Promise<void> {
  for (const end = Date.now() + READY_MS; Date.now() < end; ) {
    if (child.exitCode() !== undefined) throw new Error(`consul ended: ${child.tail()}`)
    const answer = await call('PUT', '/v1/kv/ready', '1', token).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`consul takes no writes after ${READY_MS} ms: ${child.tail()}`)
}
