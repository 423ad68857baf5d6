/** Which changes put a Rollout in front of all others: the ones that ask for an abort, and only when they are new. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { type CacheSink, createCache, type ObjectCache } from '../../../controller/kube/cache.ts'
import type { Informers } from '../../../controller/kube/informers.ts'
import { kindId, rollouts } from '../../../controller/kube/kinds.ts'
import { openCaches, watchKeys } from '../../../controller/reconcile/caches.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { rollout } from '../../builders/rollout.ts'

test('an abort request and an abort by hand are urgent, once each; nothing else is', () => {
  const sinks = new Map<string, CacheSink<KubeObject>>()
  const open: Informers['for'] = <T extends KubeObject>(kind: Parameters<Informers['for']>[0], wish = {}) => {
    const cache: ObjectCache<T> & CacheSink<T> = createCache<T>({ name: kindId(kind), log: silentLogger, ...wish })
    sinks.set(kindId(kind), cache as CacheSink<KubeObject>)
    return cache
  }
  const added: string[] = []
  const unsubscribe = watchKeys(openCaches({ for: open }), (key, options) =>
    added.push(`${key}${options?.urgent ? ' urgent' : ''}`),
  )
  let version = 1
  const show = (change: Partial<Rollout> & { readonly annotations?: Readonly<Record<string, string>> }): string => {
    const { annotations, ...rest } = change
    const base = rollout()
    version += 1
    const metadata = { ...base.metadata, resourceVersion: String(version), ...(annotations ? { annotations } : {}) }
    sinks.get(kindId(rollouts))?.upsert({ ...base, ...rest, metadata })
    return added.at(-1) ?? ''
  }

  assert.equal(show({}), 'web/shop')
  assert.equal(show({ annotations: { [ABORT_REQUESTS]: '[1]' } }), 'web/shop urgent')
  assert.equal(show({ annotations: { [ABORT_REQUESTS]: '[1]', other: 'x' } }), 'web/shop')
  assert.equal(show({ annotations: { [ABORT_REQUESTS]: '[2]' } }), 'web/shop urgent')
  assert.equal(show({ status: { abort: true } }), 'web/shop urgent')
  assert.equal(show({ status: { abort: true, phase: 'Degraded' } }), 'web/shop')
  assert.equal(show({ status: { abort: false } }), 'web/shop')
  unsubscribe()
  show({ status: { abort: true } })
  assert.equal(added.length, 7)
})
