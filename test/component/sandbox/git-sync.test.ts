/** The sync loop with the real git against the embedded API server. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { configMaps, services } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { createRepository } from '../../../sandbox/git/repository.ts'
import { startSync } from '../../../sandbox/git/sync.ts'
import { waitFor } from '../../../sandbox/wait.ts'

const configMap = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings, namespace: default }\ndata: { key: ${value} }\n`
const service =
  'apiVersion: v1\nkind: Service\nmetadata: { name: shop, namespace: default }\nspec: { selector: { app: shop }, ports: [{ port: 80 }] }\n'

describe('git sync', () => {
  test('re-applies HEAD, follows the next commit, and leaves steered fields alone', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'penstock-git-'))
    const server = createApiServer()
    const client = server.client()
    const repository = await createRepository(join(directory, 'repository'))
    await repository.commit(
      new Map([
        ['a.yaml', configMap('one')],
        ['b.yaml', service],
      ]),
      'one',
    )
    const sync = startSync({ repository, client, clock, log: silentLogger, everyMs: 20 })
    const passOnce = async (): Promise<void> => {
      const wanted = sync.passes() + 2
      await waitFor(() => sync.passes() >= wanted, { clock, what: 'a whole pass', withinMs: 20_000, everyMs: 10 })
    }
    const settings = { kind: configMaps, namespace: 'default', name: 'settings' }
    const shop = { kind: services, namespace: 'default', name: 'shop' }
    const read = async (): Promise<string | undefined> =>
      (await client.get<KubeObject & { data?: Record<string, string> }>(settings))?.data?.key
    try {
      await passOnce()
      assert.equal(await read(), 'one')
      await client.patch(settings, 'merge', { data: { key: 'by hand' } })
      await client.patch(shop, 'merge', { spec: { selector: { hash: 'abc' } } })
      await passOnce()
      assert.equal(await read(), 'one', 'drift is taken back')
      const steered = await client.get<KubeObject & { spec?: { selector?: Record<string, string> } }>(shop)
      assert.deepEqual(steered?.spec?.selector, { app: 'shop', hash: 'abc' }, 'what the controller adds stays')
      await repository.commit(
        new Map([
          ['a.yaml', configMap('two')],
          ['b.yaml', service],
        ]),
        'two',
      )
      await passOnce()
      assert.equal(await read(), 'two')
    } finally {
      await sync.stop()
      await server.close()
      await rm(directory, { recursive: true, force: true })
    }
  })
})
