/** What the runtime takes for granted of the kinds that routers watch: one cache serves all routers, and the chart can grant each. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { routerIds } from '../../controller/api/router-capabilities.ts'
import { configMaps, kindId } from '../../controller/kube/kinds.ts'
import { isOutside } from '../../controller/traffic/outside.ts'
import { routerRegistry } from '../../controller/traffic/registry.ts'
import { openRouter } from '../builders/router.ts'
import { samples } from './routers/samples.ts'

const modules = Object.values(routerRegistry)
const watched = modules.flatMap(({ id, watches }) => watches.map((watch) => ({ id, ...watch })))

describe('kinds that routers watch', () => {
  for (const { id, kind, labelSelector, optional } of watched)
    test(`${id}: ${kindId(kind)} is one kind, selected as by every other router`, () => {
      const same = watched.filter((other) => kindId(other.kind) === kindId(kind))
      for (const other of same) {
        assert.deepEqual(other.kind, kind)
        assert.deepEqual([other.labelSelector, other.optional], [labelSelector, optional], other.id)
      }
      assert.ok(isOutside(kind) || kind.namespaced, 'the chart grants rights in one namespace, too')
      assert.equal(kind.version, kind.versions?.[0] ?? kind.version)
    })

  test('ConfigMaps are never watched whole', () => {
    for (const { id, labelSelector } of watched.filter(({ kind }) => kindId(kind) === kindId(configMaps)))
      assert.ok(labelSelector, id)
  })

  for (const id of routerIds)
    test(`${id}: everything that it reads is of a kind that it watches`, () => {
      const kinds = new Set(routerRegistry[id].watches.map(({ kind }) => kindId(kind)))
      const { targets, selections = [] } = openRouter(id, samples[id].config)
      for (const { kind } of [...targets, ...selections]) assert.ok(kinds.has(kindId(kind)), kindId(kind))
      for (const { kind } of selections) assert.ok(!isOutside(kind), 'a store finds by address only')
    })
})
