/**
 * What a backtest keeps on disk: answers about times that are over, apart for everything that a server may answer by, and nothing that was asked for with
 * credentials. No credential is in a file or in its name.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { createCachedSend } from '../../../cli/backtest/cached-send.ts'
import type { HttpRequest } from '../../../controller/runtime/http.ts'

const NOW = Date.UTC(2026, 0, 1)

const question = (changes: Partial<HttpRequest> = {}, minutesAgo = 60): HttpRequest => ({
  method: 'POST',
  url: 'http://prometheus:9090/api/v1/query',
  headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ query: 'up[1m]', time: String(NOW / 1000 - minutesAgo * 60) }).toString(),
  timeoutMs: 1000,
  maxBytes: 1000,
  target: 'prometheus',
  ...changes,
})

async function setUp(context: TestContext, status = 200) {
  const directory = await mkdtemp(join(tmpdir(), 'penstock-cache-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  let asked = 0
  const { send } = createCachedSend(
    async () => {
      asked += 1
      return { status, headers: {}, body: `{"answer":${asked}}` }
    },
    directory,
    NOW,
  )
  const files = async () => {
    const names = await readdir(directory)
    return [...names, ...(await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8'))))]
  }
  return { send, files, asked: () => asked }
}

describe('the cache of a backtest', () => {
  test('answers the same question once', async (context) => {
    const { send, asked } = await setUp(context)
    const first = await send(question())
    assert.deepEqual([(await send(question())).body, asked()], [first.body, 1])
  })

  test('tells tenants apart: a header that is no credential is part of the question', async (context) => {
    const { send, asked } = await setUp(context)
    const of = (tenant: string) => question({ headers: { 'X-Scope-OrgID': tenant } })
    await send(of('one'))
    await send(of('two'))
    assert.equal(asked(), 2)
    await send(of('one'))
    assert.equal(asked(), 2)
  })

  const credentials: readonly (readonly [string, Partial<HttpRequest>])[] = [
    ['a bearer token', { headers: { Authorization: 'Bearer hu5h' } }],
    ['basic authentication', { headers: { authorization: 'Basic aHU1aA==' } }],
    ['a cookie', { headers: { Cookie: 'session=hu5h' } }],
    ['a key of its own', { headers: { 'X-Api-Key': 'hu5h' } }],
    ['a header for authentication of another name', { headers: { 'X-Auth-Request': 'hu5h' } }],
    ['a secret by name', { headers: { 'X-Client-Secret': 'hu5h' } }],
    ['a password by name', { headers: { 'X-Password': 'hu5h' } }],
    ['an address with a user', { url: 'http://user:hu5h@prometheus:9090/api/v1/query' }],
    ['a token in the address', { url: 'http://prometheus:9090/api/v1/query?token=hu5h' }],
  ]
  for (const [what, changes] of credentials)
    test(`keeps nothing that was asked for with ${what}`, async (context) => {
      const { send, files, asked } = await setUp(context)
      await send(question(changes))
      await send(question(changes))
      assert.equal(asked(), 2)
      assert.deepEqual(await files(), [])
    })

  test('keeps neither failures nor what is not settled', async (context) => {
    const failing = await setUp(context, 503)
    await failing.send(question())
    const recent = await setUp(context)
    await recent.send(question({}, 1))
    assert.deepEqual([...(await failing.files()), ...(await recent.files())], [])
  })
})
