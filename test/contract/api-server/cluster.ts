/** The words in which the conformance cases are written: calls, expectations on answers, watches and bounded waits. */
import assert from 'node:assert/strict'
import { isObject, type JsonObject, readPath } from '../../../sandbox/api-server/json.ts'
import { waitFor } from '../../control-plane/wait.ts'
import type { Connection, RawAnswer, RawWatch } from './connection.ts'

export interface CallOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface Failure {
  readonly code: number
  readonly reason: string
  /** Matched against Status.message. */
  readonly message?: RegExp
}

export interface Cluster {
  readonly connection: Connection
  /** A namespace of this case alone. */
  readonly namespace: string
  /** A word that no other case uses, for names of cluster-scoped objects. */
  readonly unique: string
  /** `path('apps/v1', 'deployments', 'web')` in this case's namespace. */
  path(apiVersion: string, plural: string, name?: string): string
  call(method: string, path: string, options?: CallOptions): Promise<RawAnswer>
  /** Expects success and returns the body. */
  ok(method: string, path: string, options?: CallOptions): Promise<JsonObject>
  /** Expects a failing Status and returns it. */
  fails(method: string, path: string, expected: Failure, options?: CallOptions): Promise<JsonObject>
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<RawWatch>
  /** The next line that is no bookmark, in five seconds. */
  nextLine(watch: RawWatch): Promise<{ type: string; object: JsonObject }>
  /** Asks again until `probe` answers, for at most 30 s. */
  until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T>
  /** Until a GET of `path` answers 404. */
  untilGone(path: string): Promise<void>
}

export interface Case {
  readonly name: string
  run(cluster: Cluster): Promise<void>
}

export const patchHeaders = {
  json: { 'content-type': 'application/json-patch+json' },
  merge: { 'content-type': 'application/merge-patch+json' },
  strategic: { 'content-type': 'application/strategic-merge-patch+json' },
  apply: { 'content-type': 'application/apply-patch+yaml' },
} as const

/** The value at a dotted path of an answer. */
export const at = (value: unknown, path: string): unknown => readPath(value, path)

export const textAt = (value: unknown, path: string): string => {
  const found = readPath(value, path)
  assert.equal(typeof found, 'string', `${path} is text`)
  return String(found)
}

export const listAt = (value: unknown, path: string): JsonObject[] => {
  const found = readPath(value, path)
  assert.ok(Array.isArray(found), `${path} is a list`)
  return found.filter(isObject)
}

export const namesIn = (list: unknown): string[] => listAt(list, 'items').map((item) => textAt(item, 'metadata.name'))

const limit = async <T>(work: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited 5 s in vain for ${what}`)), 5000)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

export const createCluster = (connection: Connection, namespace: string, unique: string): Cluster => {
  const call: Cluster['call'] = (method, path, options = {}) => connection.send({ method, path, ...options })
  const until: Cluster['until'] = (what, probe) => waitFor(probe, { what, timeoutMs: 30_000, intervalMs: 20 })
  return {
    connection,
    namespace,
    unique,
    path(apiVersion, plural, name) {
      const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
      const collection = `${root}/namespaces/${namespace}/${plural}`
      return name === undefined ? collection : `${collection}/${name}`
    },
    call,
    async ok(method, path, options) {
      const answer = await call(method, path, options)
      assert.ok(
        answer.code >= 200 && answer.code < 300,
        `${method} ${path}: ${answer.code} ${JSON.stringify(answer.body)}`,
      )
      return answer.body
    },
    async fails(method, path, expected, options) {
      const { code, body } = await call(method, path, options)
      const said = `${method} ${path}: ${code} ${JSON.stringify(body)}`
      assert.equal(code, expected.code, said)
      assert.equal(body.kind, 'Status', said)
      assert.equal(body.status, 'Failure', said)
      assert.equal(body.reason, expected.reason, said)
      assert.equal(body.code, expected.code, said)
      if (expected.message !== undefined) assert.match(String(body.message), expected.message)
      return body
    },
    watch: (path, headers) => connection.watch(path, headers),
    async nextLine(watch) {
      for (;;) {
        const line = await limit(watch.next(), 'the next line of a watch')
        assert.ok(line !== undefined, 'the watch goes on')
        if (line.type !== 'BOOKMARK') return line
      }
    },
    until,
    async untilGone(path) {
      await until(`${path} to be gone`, async () => (await call('GET', path)).code === 404)
    },
  }
}
