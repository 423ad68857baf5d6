/** What gateways report in `status.parents`, as the specification and real controllers write it, and what is made of it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { open, route, SHOP, weighted } from './routes.ts'

interface Condition {
  readonly type: string
  readonly status: string
  readonly observedGeneration?: number
  readonly message?: string
}
const yes = (type: string, observedGeneration?: number): Condition => ({
  type,
  status: 'True',
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
})
const no = (type: string, observedGeneration: number, message: string): Condition => ({
  type,
  status: 'False',
  observedGeneration,
  message,
})
const parent = (name: string, conditions: readonly Condition[], over: object = {}) => ({
  parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name, ...over },
  controllerName: 'example.com/gateway',
  conditions,
})
const both = (generation: number) => [yes('Accepted', generation), yes('ResolvedRefs', generation)]

/** The route is of generation 4. */
function report(parents: readonly object[], parentRefs: readonly object[] = [{ name: 'public' }]) {
  const object = route([weighted()], { spec: { parentRefs, rules: [weighted()] }, status: { parents } })
  const { confirmation, problem } = open().read({ [SHOP]: object })
  return { confirmation, problem }
}

describe('one parent', () => {
  const table: readonly (readonly [string, readonly object[], string])[] = [
    ['accepted and resolved, of this generation', [parent('public', both(4))], 'confirmed'],
    ['of a former generation', [parent('public', both(3))], 'pending'],
    [
      'one condition of a former generation',
      [parent('public', [yes('Accepted', 4), yes('ResolvedRefs', 3)])],
      'pending',
    ],
    ['no generation', [parent('public', [yes('Accepted'), yes('ResolvedRefs')])], 'unknown'],
    ['Accepted alone, by a controller that reports no more', [parent('public', [yes('Accepted', 4)])], 'confirmed'],
    ['no Accepted', [parent('public', [yes('ResolvedRefs', 4)])], 'unknown'],
    [
      'neither true nor false',
      [parent('public', [{ type: 'Accepted', status: 'Unknown', observedGeneration: 4 }])],
      'pending',
    ],
    [
      'Programmed, where somebody reports it, counts',
      [parent('public', [...both(4), yes('Programmed', 3)])],
      'pending',
    ],
    [
      'conditions of other types do not',
      [parent('public', [...both(4), no('example.com/Cached', 4, '')])],
      'confirmed',
    ],
    ['no conditions', [parent('public', [])], 'unknown'],
    ['nothing', [], 'unknown'],
  ]
  for (const [title, parents, confirmation] of table)
    test(`${title}: ${confirmation}`, () => {
      assert.deepEqual(report(parents), { confirmation, problem: undefined })
    })

  for (const type of ['Accepted', 'ResolvedRefs'])
    test(`${type} False of this generation is a problem in the gateway's words`, () => {
      const { confirmation, problem } = report([parent('public', [...both(4), no(type, 4, 'no such Service')])])
      assert.equal(confirmation, 'pending')
      assert.equal(problem, `HTTPRoute "web/shop": parent "public" reports ${type} False: no such Service`)
    })

  test('False of a former generation is no problem: the gateway has not looked again yet', () => {
    assert.deepEqual(report([parent('public', [no('Accepted', 3, 'old')])]), {
      confirmation: 'pending',
      problem: undefined,
    })
  })

  test('a route that is attached to nothing is confirmed by nobody', () => {
    assert.equal(report([parent('public', both(4))], []).confirmation, 'unknown')
  })

  for (const rubbish of [null, 7, 'x', {}, [{}], [{ conditions: null }], [{ parentRef: null, conditions: [{}] }]])
    test(`rubbish in status is silence: ${JSON.stringify(rubbish)}`, () => {
      assert.deepEqual(report(rubbish as readonly object[]), { confirmation: 'unknown', problem: undefined })
    })
})

describe('several parents', () => {
  const two = [{ name: 'public' }, { name: 'mesh', group: '', kind: 'Service', port: 80 }]
  const mesh = (generation: number) => parent('mesh', both(generation), { group: '', kind: 'Service', port: 80 })

  test('all have to confirm', () => {
    assert.equal(report([parent('public', both(4)), mesh(4)], two).confirmation, 'confirmed')
    assert.equal(report([parent('public', both(4)), mesh(3)], two).confirmation, 'pending')
  })

  test('one whose controller never reports leaves the whole unknown: time decides then', () => {
    assert.equal(report([parent('public', both(4))], two).confirmation, 'unknown')
    assert.equal(report([parent('public', both(3))], two).confirmation, 'pending')
  })

  test('what is said of a parent that the route names no more is ignored', () => {
    const parents = [parent('former', [no('Accepted', 4, 'gone')]), parent('public', both(4))]
    assert.deepEqual(report(parents), { confirmation: 'confirmed', problem: undefined })
    const section = [
      parent('public', both(2), { sectionName: 'http' }),
      parent('public', both(4), { sectionName: 'https' }),
    ]
    assert.equal(report(section, [{ name: 'public', sectionName: 'https' }]).confirmation, 'confirmed')
  })

  test('a reference may be repeated in full or as it was written', () => {
    const full = parent('public', both(4), { namespace: 'web' })
    assert.equal(report([full]).confirmation, 'confirmed')
    const short = { parentRef: { name: 'public' }, conditions: both(4) }
    assert.equal(report([short], [{ name: 'public', namespace: 'web', kind: 'Gateway' }]).confirmation, 'confirmed')
    assert.equal(report([parent('public', both(4), { namespace: 'infra' })]).confirmation, 'unknown')
  })

  test('of two controllers that speak of one parent the one that is up to date counts', () => {
    const former = { ...parent('public', [no('Accepted', 2, 'not mine')]), controllerName: 'example.com/former' }
    assert.deepEqual(report([former, parent('public', both(4))]), { confirmation: 'confirmed', problem: undefined })
  })
})
