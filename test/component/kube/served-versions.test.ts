/**
 * Kinds that clusters serve in one version or another, on the embedded API server: which version is spoken, what happens when it is absent, comes,
 * or goes away while a cache is open.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { refOf, served } from '../../../controller/kube/kinds.ts'
import { createVersionedClient } from '../../../controller/kube/served-versions.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createFaults } from '../../../sandbox/api-server/faults.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { applyManifest, type Manifest } from '../../../sandbox/manifests.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'

const splits = served('split.test', 'splits', 'Split', ['v1', 'v1beta1', 'v1alpha1'])
const lines = served('split.test', 'lines', 'Line', ['v1'])

/** @param versions those that are served; the first one is stored */
function crdOf(plural: string, kind: string, versions: readonly string[]): Manifest & { readonly spec: object } {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  const spec = {
    group: 'split.test',
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind },
    versions: versions.map((name, index) => ({ name, served: true, storage: index === 0, schema })),
  }
  const metadata = { name: `${plural}.split.test` }
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec }
}

const split = (name: string, weight = 10): KubeObject & { readonly spec: { readonly weight: number } } => ({
  apiVersion: 'split.test/v1',
  kind: 'Split',
  metadata: { name, namespace: 'default' },
  spec: { weight },
})
const one = refOf(splits, split('one'))

function setUp(t: TestContext) {
  const clock = createFakeClock()
  const faults = createFaults()
  const server = createApiServer({ faults })
  const asked: string[] = []
  const plain = server.client()
  const counted: typeof plain = {
    ...plain,
    listVersions: (group) => {
      asked.push(group)
      return plain.listVersions(group)
    },
  }
  const client = createVersionedClient(counted, { clock, log: silentLogger })
  const informers = createInformers({ client, clock, random: seededRandom(1), log: silentLogger })
  t.after(async () => {
    const stopped = informers.stop()
    await clock.advance(60_000)
    await stopped
    await server.close()
  })
  const install = async (...versions: readonly string[]) => {
    await applyManifest(plain, crdOf('splits', 'Split', versions), 'test')
    await clock.settle()
  }
  return { clock, faults, plain, client, informers, install, asked }
}

describe('a kind that is served in one of several versions', () => {
  test('v1beta1 only: reads, writes and watches speak v1beta1', async (t) => {
    const { clock, client, informers, install, asked } = setUp(t)
    await install('v1beta1')
    const cache = informers.for(splits, { onDemand: true })
    informers.start()
    await clock.settle()
    assert.equal(cache.state(), 'filled')

    const made = await client.create(splits, split('one'))
    assert.equal(made.apiVersion, 'split.test/v1beta1')
    await clock.settle()
    assert.equal(cache.get('default', 'one')?.apiVersion, 'split.test/v1beta1', 'the watch told it')
    const weight = [{ op: 'replace', path: '/spec/weight', value: 20 }]
    await client.patch(one, 'json', weight)
    await client.patch(
      one,
      'apply',
      { ...split('one', 30), metadata: { name: 'one' } },
      { fieldManager: 't', force: true },
    )
    assert.equal((await client.get<ReturnType<typeof split>>(one))?.spec.weight, 30)
    await client.delete(one)
    await clock.settle()
    assert.equal(await client.get(one), undefined)
    assert.equal(cache.size(), 0)
    assert.deepEqual(asked, ['split.test'], 'discovery is asked once')
  })

  test('two versions: the best that we can speak, whichever the server likes best', async (t) => {
    const { client, install } = setUp(t)
    await install('v1alpha1', 'v1beta1', 'v2')
    assert.equal((await client.create(splits, split('one'))).apiVersion, 'split.test/v1beta1')
  })

  test('a version of the group that does not hold the kind is not taken for one that does', async (t) => {
    const { client, plain, install } = setUp(t)
    await applyManifest(plain, crdOf('lines', 'Line', ['v1']), 'test')
    await install('v1beta1')
    assert.equal((await client.create(splits, split('one'))).apiVersion, 'split.test/v1beta1')
    assert.deepEqual((await client.list(lines)).items, [])
  })

  test('absent, then installed: the cache says so, and fills', async (t) => {
    const { clock, client, informers, install, asked } = setUp(t)
    const cache = informers.for(splits, { onDemand: true })
    const states: string[] = []
    cache.subscribeState(() => states.push(cache.state()))
    informers.start()
    await clock.settle()
    assert.equal(cache.state(), 'notServed')
    assert.equal(informers.unready(), undefined)
    assert.equal(await client.get(one), undefined)
    await assert.rejects(client.create(splits, split('one')), /none of the versions v1, v1beta1, v1alpha1 is served/)
    assert.equal(asked.length, 1, 'not asked again at once')

    await install('v1alpha1')
    await clock.advance(31_000)
    assert.deepEqual(states, ['notServed', 'filled'])
    await client.create(splits, split('one'))
    await clock.settle()
    assert.equal(cache.get('default', 'one')?.apiVersion, 'split.test/v1alpha1')
  })

  test('a version that goes away while it is in use: calls and the open cache move on to the next', async (t) => {
    const { clock, faults, client, informers, plain, install } = setUp(t)
    await install('v1', 'v1beta1')
    const cache = informers.for(splits, { onDemand: true })
    informers.start()
    await client.create(splits, split('one'))
    await clock.settle()
    assert.equal(cache.get('default', 'one')?.apiVersion, 'split.test/v1')

    await clock.advance(60_000)
    await install('v1beta1')
    const weight = [{ op: 'replace', path: '/spec/weight', value: 20 }]
    assert.equal((await client.patch(one, 'json', weight)).apiVersion, 'split.test/v1beta1', 'no call is lost')
    assert.equal((await client.get(one))?.apiVersion, 'split.test/v1beta1')
    // As a real server does when a CRD changes.
    faults.dropWatches('splits')
    await clock.advance(5_000)
    assert.deepEqual([cache.state(), cache.size()], ['filled', 1])
    const other = { ...split('two'), apiVersion: 'split.test/v1beta1' }
    await plain.create({ ...splits, version: 'v1beta1' }, other)
    await clock.settle()
    assert.equal(cache.get('default', 'two')?.apiVersion, 'split.test/v1beta1', 'the new watch tells')
  })

  test('an object that is not there costs no discovery: only a kind that has not been asked about for a while does', async (t) => {
    const { clock, client, install, asked } = setUp(t)
    await install('v1')
    for (let turn = 0; turn < 5; turn += 1) assert.equal(await client.get(one), undefined)
    await assert.rejects(client.patch(one, 'json', []), (error) => error instanceof KubeError && error.code === 404)
    assert.equal(asked.length, 1)
    await clock.advance(11_000)
    assert.equal(await client.get(one), undefined)
    assert.equal(asked.length, 2)
  })

  test('without the right to discovery the best version is taken for served; another failure is passed on', async (t) => {
    const { plain, clock, install } = setUp(t)
    await install('v1')
    let code = 403
    const deaf = { ...plain, listVersions: () => Promise.reject(new KubeError({ code }, 'discovery')) }
    const make = () => createVersionedClient(deaf, { clock, log: silentLogger })
    assert.equal((await make().create(splits, split('one'))).apiVersion, 'split.test/v1')
    code = 503
    await assert.rejects(make().list(splits), (error) => error instanceof KubeError && error.code === 503)
  })
})
