/** Access reviews and service account tokens: everything is allowed here, and clients that ask first are told so. */
import { type ApiResponse, answer } from '../api-message.ts'
import { renderTime } from '../clock.ts'
import { asObject, type JsonObject } from '../json.ts'
import type { Core } from './context.ts'

const prefix = '/apis/authorization.k8s.io/v1/'

const rules = {
  resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  incomplete: false,
}

/** The answer to a POST of a review; undefined when the path is not one. */
export const review = (method: string, path: string, body: unknown): ApiResponse | undefined => {
  if (method !== 'POST' || !path.startsWith(prefix)) return undefined
  const plural = path.slice(prefix.length).split('/').at(-1) ?? ''
  if (!/^(self)?subject(access|rules)reviews$|^localsubjectaccessreviews$/.test(plural)) return undefined
  const status = plural.includes('rules') ? rules : { allowed: true, reason: 'this server allows everything' }
  return answer(201, { ...asObject(body), status })
}

/** A TokenRequest's answer. The token names the account; servers with static tokens do not accept it. */
export const requestToken = (core: Core, namespace: string, name: string, body: unknown): JsonObject => {
  const raw = asObject(body)
  const spec = asObject(raw.spec)
  const seconds = typeof spec.expirationSeconds === 'number' ? spec.expirationSeconds : 3600
  const token = `sandbox.${Buffer.from(`system:serviceaccount:${namespace}:${name}`).toString('base64url')}`
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace },
    spec: { ...spec, expirationSeconds: seconds },
    status: { token, expirationTimestamp: renderTime(core.clock.now() + seconds * 1000) },
  }
}
