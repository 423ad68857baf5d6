/** What the chart takes from the registry of routers is what the registry says, and where the ids go cannot get lost. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { renderRouterRights, renderSchema, rightsOf } from '../../../charts/router-rights.ts'

const read = (name: string): string =>
  readFileSync(new URL(`../../../charts/penstock/${name}`, import.meta.url), 'utf8')
const STALE = 'is stale: run npm run generate'

describe('rights of routers', () => {
  test('the file of the chart is what the registry renders', () =>
    assert.equal(read('files/routers.yaml'), renderRouterRights(), `files/routers.yaml ${STALE}`))

  test('the values may name the routers that there are', () => {
    const schema = read('values.schema.json')
    assert.equal(schema, renderSchema(schema), `values.schema.json ${STALE}`)
  })

  test('a schema without a place for them is an error', () => assert.throws(() => renderSchema('{}'), /routerId/))

  test('kinds of one group and the same verbs share a rule', () =>
    assert.deepEqual(rightsOf('argoproj-labs/gatewayAPI'), [
      {
        apiGroups: ['gateway.networking.k8s.io'],
        resources: ['grpcroutes', 'httproutes', 'tcproutes', 'tlsroutes'],
        verbs: ['get', 'list', 'watch', 'patch'],
      },
    ]))
})
