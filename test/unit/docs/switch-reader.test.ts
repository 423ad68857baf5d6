/** The reader of the guide on switches, run: what it makes of the router's texts, and of everything else. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { openRouter, trafficIntent, writeTraffic } from '../../builders/router.ts'

interface Reader {
  openSwitch(
    folder: string,
    options: { maxAgeMs: number },
  ): () => { readonly canaryWeight: number; readonly degrade: boolean }
  servesCanary(state: unknown, user: { readonly bucket: number; readonly address?: string }): boolean
}
const path = fileURLToPath(new URL('../../../docs/guides/switches/switch-reader.mjs', import.meta.url))
const loadReader = async (): Promise<Reader> => import(pathToFileURL(path).href)

async function withFolder(use: (reader: Reader, folder: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-switch-'))
  try {
    use(await loadReader(), folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('the reader of the guide on switches', () => {
  test('obeys what the router writes, live', () =>
    withFolder(({ openSwitch, servesCanary }, folder) => {
      const config = {
        configMap: 'shop',
        allow: { key: 'canary-addresses' },
        enabled: { key: 'degrade', from: 50, inverted: true },
      }
      const router = openRouter('penstock/switch', config)
      const color = { kind: 'color' as const, name: 'office', match: [{ cidrs: ['10.0.0.0/8', '2001:db8::/32'] }] }
      const read = openSwitch(folder, { maxAgeMs: 0 })
      const set = (canary: number) => {
        const object = { metadata: { name: 'shop', namespace: 'web', resourceVersion: '5' } } as KubeObject
        const wanted = trafficIntent(canary, { managedRoutes: [color] })
        const written = writeTraffic(router, { 'configmaps/web/shop': object }, wanted)['configmaps/web/shop']
        const { data } = written as unknown as { data: Record<string, string> }
        for (const [key, text] of Object.entries(data)) writeFileSync(join(folder, key), text)
        return read()
      }
      const twenty = set(20)
      assert.deepEqual([twenty.canaryWeight, twenty.degrade], [20, true])
      assert.deepEqual(
        [
          { bucket: 19 },
          { bucket: 20 },
          { bucket: 99, address: '10.2.3.4' },
          { bucket: 99, address: '2001:db8::1' },
          { bucket: 99, address: '11.0.0.1' },
        ].map((user) => servesCanary(twenty, user)),
        [true, false, true, true, false],
      )
      const half = set(50)
      assert.deepEqual([half.canaryWeight, half.degrade], [50, false])
    }))

  test('falls back to stable when a text is missing or misread', () =>
    withFolder(({ openSwitch, servesCanary }, folder) => {
      const read = openSwitch(folder, { maxAgeMs: 0 })
      const isSafe = () => {
        const state = read()
        return state.canaryWeight === 0 && state.degrade && !servesCanary(state, { bucket: 0, address: '10.0.0.1' })
      }
      assert.ok(isSafe(), 'nothing there')
      for (const text of ['', 'half', '-1', '101', '1e1', '0x10', 'TRUE', '10.0.0.1']) {
        for (const key of ['canary-weight', 'canary-addresses', 'degrade']) writeFileSync(join(folder, key), text)
        assert.ok(isSafe(), JSON.stringify(text))
      }
    }))
})
