/**
 * The API server's conformance suite: one list of cases, run with the same expectations on the embedded server and on a real
 * kube-apiserver. A case that only one of them can pass is a bug in that case or in the embedded server.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { applyCases } from './cases/apply.ts'
import { builtinCases } from './cases/builtin.ts'
import { crudCases } from './cases/crud.ts'
import { customCases } from './cases/custom.ts'
import { deleteCases } from './cases/delete.ts'
import { listCases } from './cases/list.ts'
import { ownershipCases } from './cases/ownership.ts'
import { patchCases } from './cases/patch.ts'
import { subresourceCases } from './cases/subresources.ts'
import { viewCases } from './cases/views.ts'
import { watchCases } from './cases/watch.ts'
import { type Case, createCluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { gadgetCrd, widgetCrd } from './objects.ts'

const groups: Readonly<Record<string, readonly Case[]>> = {
  CRUD: crudCases,
  lists: listCases,
  watches: watchCases,
  patches: patchCases,
  apply: applyCases,
  'ownership let go': ownershipCases,
  deletion: deleteCases,
  subresources: subresourceCases,
  'custom resources': customCases,
  'built-in kinds': builtinCases,
  'views and discovery': viewCases,
}

const crdPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Registers the CRDs that the cases use. On a real server: before its garbage collector starts, which then knows them. */
export const installCrds = async (connection: Connection): Promise<void> => {
  for (const crd of [widgetCrd, gadgetCrd]) {
    const { code, body } = await connection.send({ method: 'POST', path: crdPath, body: crd })
    assert.ok(code === 201 || code === 409, `CRD: ${code} ${JSON.stringify(body)}`)
  }
  const cluster = createCluster(connection, 'default', 'install')
  for (const plural of ['widgets', 'gadgets'])
    await cluster.until(`${plural} to be served`, async () => {
      const { code } = await connection.send({ method: 'GET', path: `/apis/conformance.penstock.dev/v1/${plural}` })
      return code === 200
    })
}

let runs = 0

/** Declares the whole suite against what `connect` connects to; the CRDs must be installed by then. */
export const conformance = (name: string, connect: () => Promise<Connection>): void => {
  describe(`API server conformance: ${name}`, { timeout: 600_000 }, () => {
    runs += 1
    const prefix = `conf-${process.pid}-${runs}`
    let connection: Connection | undefined
    before(async () => {
      connection = await connect()
    })
    after(() => connection?.close())

    for (const [group, cases] of Object.entries(groups)) {
      describe(group, () => {
        for (const [index, entry] of cases.entries()) {
          test(entry.name, async () => {
            assert.ok(connection !== undefined, 'connected')
            const namespace = `${prefix}-${group.replaceAll(/[^a-z]/gi, '').toLowerCase()}-${index}`
            const cluster = createCluster(connection, namespace, namespace)
            const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
            await cluster.ok('POST', '/api/v1/namespaces', { body })
            try {
              await entry.run(cluster)
            } finally {
              await cluster.call('DELETE', `/api/v1/namespaces/${namespace}`)
            }
          })
        }
      })
    }
  })
}
