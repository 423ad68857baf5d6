/**
 * Keys of Consul's KV store as objects outside Kubernetes: how one is named, and what a store shows of it. Names are so narrow that none of them can
 * lead a request anywhere else in Consul's API.
 */
import type { KubeObject } from '../../api/meta.ts'
import { outsideKind } from '../outside.ts'

export const consulKeys = outsideKind('consul', 'keys', 'Key')

export interface KeyAddress {
  readonly key: string
  readonly datacenter?: string | undefined
  /** Of Consul, not of Kubernetes; Consul Enterprise only, as partitions are. */
  readonly namespace?: string | undefined
  readonly partition?: string | undefined
}

const SCOPE = /^[A-Za-z0-9_-]{1,64}$/
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/
const LONGEST = 512

export const isKey = (text: string): boolean =>
  text.length <= LONGEST && text.split('/').every((segment) => SEGMENT.test(segment))
export const isScope = (text: string): boolean => SCOPE.test(text)

/** Such as `penstock/shop/route?dc=dc1&ns=web`: the path and query of Consul's API. */
export function keyName({ key, datacenter, namespace, partition }: KeyAddress): string {
  const scopes = [
    ['dc', datacenter],
    ['ns', namespace],
    ['partition', partition],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
  return scopes.length > 0 ? `${key}?${scopes.join('&')}` : key
}

/** Undefined for what {@link keyName} does not make. */
export function parseKeyName(name: string): { readonly key: string; readonly query: string } | undefined {
  const [key = '', query = '', ...rest] = name.split('?')
  const scopes = query === '' ? [] : query.split('&')
  const areScopes = scopes.every((scope) => /^(dc|ns|partition)=/.test(scope) && isScope(scope.replace(/^\w+=/, '')))
  return isKey(key) && areScopes && rest.length === 0 ? { key, query } : undefined
}

/** Exactly one of `json` and `unreadable` is there. */
export interface ConsulKey extends KubeObject {
  /** The value, when it is a JSON object. */
  readonly json?: Readonly<Record<string, unknown>>
  /** Why the value is none; the value itself may be a secret and is not shown. */
  readonly unreadable?: string
  /** What other programs keep beside the value: up to 64 bits, in decimal. */
  readonly flags?: string
}
