/**
 * JSON patch (RFC 6902): all operations or none. A patch that is no patch is a 400; one that this object refuses (a failing
 * `test`, a missing path) is a 422.
 */
import { applyPatch, type Operation } from 'rfc6902'
import { badRequest, unprocessable } from '../errors.ts'
import { clone, isObject, type JsonObject } from '../json.ts'

const verbs = ['add', 'remove', 'replace', 'move', 'copy', 'test']
const maxOperations = 10_000

const isOperation = (value: unknown): value is Operation =>
  isObject(value) &&
  typeof value.op === 'string' &&
  verbs.includes(value.op) &&
  typeof value.path === 'string' &&
  (value.path === '' || value.path.startsWith('/')) &&
  (!['move', 'copy'].includes(value.op) || typeof value.from === 'string')

/** As real servers do it: replacing a missing field adds it. */
const applyOperation = (object: JsonObject, operation: Operation): Error | null | undefined => {
  const [failure] = applyPatch(object, [operation])
  if (failure?.name !== 'MissingError') return failure
  const namesListItem = /\/(\d+|-)$/.test(operation.path)
  if (operation.op !== 'replace' || namesListItem) return failure
  return applyPatch(object, [{ ...operation, op: 'add' }])[0]
}

export const applyJsonPatch = (object: JsonObject, patch: unknown): JsonObject => {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: a JSON patch is a list of operations')
  if (patch.length > maxOperations)
    throw badRequest(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`)
  const copy = clone(object)
  for (const operation of patch) {
    if (!isOperation(operation)) throw badRequest('error decoding patch: an operation needs a known op and a path')
    const failure = applyOperation(copy, operation)
    if (failure) throw unprocessable(`${operation.op} operation does not apply at ${operation.path}: ${failure.name}`)
  }
  return copy
}
