/** The reader of route policies that the manual hands out, between a real Consul agent and a real nginx: the router's policy decides who answers. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { TrafficIntent } from '../../../controller/api/traffic.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import type { ConsulKey } from '../../../controller/traffic/consul-kv/key.ts'
import { findFreePort } from '../../../sandbox/free-port.ts'
import { type NginxProcess, settingsOf, startNginx } from '../../../sandbox/proxies/nginx/process.ts'
import { findProxies } from '../../../sandbox/proxies/programs.ts'
import { openRouter, trafficIntent } from '../../builders/router.ts'
import { type ConsulAgent, startConsulAgent } from '../../consul/agent.ts'
import { waitFor } from '../reconcile/live-cluster.ts'

interface Reader {
  renderNginx(policy: unknown, options: { readonly stable: string }): string
  followPolicy(options: {
    readonly consul: string
    readonly key: string
    readonly signal: AbortSignal
    readonly waitSeconds: number
    apply(policy: unknown): Promise<void>
  }): Promise<void>
}
const path = fileURLToPath(new URL('../../../docs/guides/consul-kv/policy-reader.mjs', import.meta.url))
const BACKENDS = ['stable', 'canary', 'trial']
const KEY = 'penstock/shop'

describe('a gateway that follows the policy', () => {
  let agent: ConsulAgent
  let nginx: NginxProcess
  let following: Promise<void>
  const ending = new AbortController()
  const directory = mkdtempSync(join(tmpdir(), 'pk-'))
  let address = ''
  let applied = 0

  const configOf = (piece: string): string => `
daemon off;
pid ${directory}/nginx.pid;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  include ${settingsOf(directory, address).statusFile};
  ${BACKENDS.map(
    (name) => `upstream ${name} { server unix:${directory}/${name}.sock; }
  server { listen unix:${directory}/${name}.sock; location / { return 200 ${name}; } }`,
  ).join('\n  ')}
  ${piece}
  server { listen ${address}; location / { proxy_pass http://$penstock_backend; } }
}
`

  before(async () => {
    address = `127.0.0.1:${await findFreePort()}`
    const [{ nginx: program }, reader] = [
      await findProxies(process.env),
      (await import(pathToFileURL(path).href)) as Reader,
    ]
    agent = await startConsulAgent()
    const render = (policy: unknown) => configOf(reader.renderNginx(policy, { stable: 'stable' }))
    nginx = await startNginx({ program, directory, address, clock: systemClock }, render(undefined))
    following = reader.followPolicy({
      consul: agent.address,
      key: KEY,
      signal: ending.signal,
      waitSeconds: 5,
      async apply(policy) {
        await nginx.serve(render(policy))
        applied += 1
      },
    })
  })
  after(async () => {
    ending.abort()
    await following
    await nginx?.stop()
    await agent?.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  async function write(intent: TrafficIntent): Promise<void> {
    const [made] = openRouter('penstock/consul-kv', { key: KEY }).render(intent, {})
    assert.ok(made?.do === 'create')
    const key: ConsulKey = made.object
    await put(JSON.stringify(key.json))
  }
  async function put(value: string | undefined): Promise<void> {
    const before = applied
    await agent.call(value === undefined ? 'DELETE' : 'PUT', `/v1/kv/${KEY}`, value)
    await waitFor('the gateway to take it', () => applied > before)
  }
  async function counts(requests: number, headers: Readonly<Record<string, string>> = {}) {
    const found: Record<string, number> = {}
    for (let request = 0; request < requests; request += 1) {
      const name = await (await fetch(`http://${address}/`, { headers })).text()
      found[name] = (found[name] ?? 0) + 1
    }
    return found
  }

  test('splits by weight, obeys header routes exactly, and is safe without a policy', async () => {
    await waitFor('the first answer', () => applied > 0)
    assert.deepEqual(await counts(20), { stable: 20 })

    const beta = {
      kind: 'header',
      name: 'beta',
      match: [{ headerName: 'x-env', headerValue: { exact: 'canary' } }],
    } as const
    await write(trafficIntent(20, { managedRoutes: [beta], additional: [{ service: 'trial', weight: 10 }] }))
    const { canary = 0, trial = 0, stable = 0, ...others } = await counts(1_000)
    assert.deepEqual(others, {})
    // Six standard deviations.
    assert.ok(Math.abs(canary - 200) < 76 && Math.abs(trial - 100) < 57, JSON.stringify({ canary, trial, stable }))
    assert.deepEqual(await counts(50, { 'x-env': 'canary' }), { canary: 50 })

    await write(trafficIntent(100))
    assert.deepEqual(await counts(50), { canary: 50 })
    for (const value of ['weight=20', '{"version":2}', undefined]) {
      await put(value)
      assert.deepEqual(await counts(20), { stable: 20 }, String(value))
    }
  })
})
