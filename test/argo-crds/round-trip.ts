/**
 * Whatever Argo's definitions take, an API server with ours takes and gives back unchanged: a property over random objects, for any server. Each
 * object is made, read, and taken away again.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { renderCrds } from '../../controller/api/crd/crds.ts'
import type { Connection } from '../contract/api-server/connection.ts'
import { waitFor } from '../control-plane/wait.ts'
import { contentOf } from './arbitrary.ts'
import { readArgoFields } from './fields.ts'

const NAMESPACE = 'default'

interface Stored {
  readonly metadata?: { readonly resourceVersion?: string }
  readonly spec?: unknown
  readonly status?: unknown
}

/** Installs our definitions and waits until they are served. */
async function installCrds(connection: Connection): Promise<void> {
  for (const crd of renderCrds()) {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    const { code, body } = await connection.send({ method: 'POST', path, body: crd })
    assert.ok(code === 201 || code === 409, `${crd.metadata.name}: ${code} ${JSON.stringify(body)}`)
    const list = { method: 'GET', path: `/apis/argoproj.io/v1alpha1/${crd.spec.names.plural}` }
    const isServed = async () => (await connection.send(list)).code === 200
    await waitFor(isServed, { what: `${crd.spec.names.plural} to be served`, timeoutMs: 30_000 })
  }
}

/** What JSON makes of a value: the server sees nothing else. */
const asJson = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)))

/** @param runs Objects of each kind. */
export const roundTrips = (name: string, runs: number, connect: () => Promise<Connection>): void =>
  void describe(`objects that Argo takes, on ${name}`, { timeout: 3_600_000 }, () => {
    let connection: Connection
    let made = 0
    before(async () => {
      connection = await connect()
      await installCrds(connection)
    })
    after(() => connection?.close())

    async function send(method: string, path: string, code: number, body?: object): Promise<Stored> {
      const answer = await connection.send({ method, path, ...(body === undefined ? {} : { body }) })
      assert.equal(answer.code, code, `${method} ${path}: ${JSON.stringify(answer.body).slice(0, 2000)}`)
      return answer.body as Stored
    }

    const fields = readArgoFields()
    for (const { spec } of renderCrds()) {
      const { kind, plural } = spec.names
      const root = fields[plural]
      if (!root) throw new Error(`no table of ${plural}`)
      const hasStatus = spec.versions[0]?.subresources?.status !== undefined
      const scope = spec.scope === 'Cluster' ? '' : `namespaces/${NAMESPACE}/`
      const list = `/apis/argoproj.io/v1alpha1/${scope}${plural}`

      test(`${plural} come back unchanged`, async () => {
        const property = fc.asyncProperty(contentOf(root), async (content) => {
          made += 1
          const object = {
            apiVersion: 'argoproj.io/v1alpha1',
            kind,
            metadata: { name: `round-trip-${made}` },
            ...content,
          }
          const path = `${list}/${object.metadata.name}`
          const { metadata } = await send('POST', list, 201, object)
          if (hasStatus)
            await send('PUT', `${path}/status`, 200, { ...object, metadata: { ...object.metadata, ...metadata } })
          const stored = await send('GET', path, 200)
          await send('DELETE', path, 200)
          assert.deepEqual(stored.spec, asJson(content.spec))
          assert.deepEqual(stored.status, asJson(content.status))
        })
        await fc.assert(property, { numRuns: runs, endOnFailure: true })
      })
    }
  })
