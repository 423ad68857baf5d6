/** One piece of heavy work for each turn of the event loop, and a gate whose answers and judgements are such pieces. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGate } from '../../../../../analysis/providers/gate/gate.ts'
import { createGateMemory } from '../../../../../analysis/providers/gate/memory.ts'
import { createPacer } from '../../../../../analysis/providers/gate/pacer.ts'
import type { LookOrder, LookPorts } from '../../../../../analysis/providers/long-provider.ts'
import { httpResponse } from '../../../../fakes/fake-transport.ts'
import { playPrometheus } from './played-prometheus.ts'

const START = Date.UTC(2026, 0, 1)

const order: LookOrder = {
  config: { gate: 'errorRate', service: 'shop', canary: 'canary', stable: 'stable' },
  metric: { name: 'error-rate', provider: { plugin: { 'penstock/gate': {} } } },
  run: {
    name: 'run',
    namespace: 'shop',
    uid: 'uid',
    labels: {},
    annotations: {},
    createdAt: START,
    startedAt: START,
  },
  open: undefined,
  mode: 'strict',
  now: START + 300_000,
  prometheusAddress: 'http://prometheus:9090',
  readableNamespaces: [],
}

const portsOf = (send: LookPorts['send']): LookPorts => ({
  send,
  readSecret: async () => undefined,
  readObject: async () => undefined,
  listResources: async () => [],
})

describe('pacer', () => {
  test('who asks together goes on one by one, each in the next turn, in the order of asking', async () => {
    const turns: (() => void)[] = []
    const pace = createPacer(() => new Promise((resolve) => turns.push(resolve)))
    const gone: string[] = []
    const pieces = ['a', 'b', 'c'].map(async (name) => {
      await pace()
      gone.push(name)
    })
    const told: string[][] = []
    for (const _ of pieces) {
      await nextTurn()
      assert.equal(turns.length, 1)
      turns.shift()?.()
      await nextTurn()
      told.push([...gone])
    }
    await Promise.all(pieces)
    assert.deepEqual(told, [['a'], ['a', 'b'], ['a', 'b', 'c']])
  })

  test('with the turns of the event loop, what is due meanwhile runs between two pieces', async () => {
    const pace = createPacer()
    const gone: string[] = []
    const piece = async (name: string): Promise<void> => {
      await pace()
      gone.push(name)
      // Due before the next turn, as what an answer or a timer brings while a piece takes its time.
      setImmediate(() => gone.push(`after ${name}`))
    }
    await Promise.all([piece('a'), piece('b'), piece('c')])
    await nextTurn()
    assert.deepEqual(gone, ['a', 'after a', 'b', 'after b', 'c', 'after c'])
  })
})

describe('a gate', () => {
  test('reads no answer, and judges nothing, in the turn of another piece', async () => {
    const prometheus = playPrometheus(START)
    let pieces = 0
    const gate = createGate(createGateMemory(), async () => {
      pieces += 1
      await nextTurn()
    })
    const outcome = await gate.look(
      order,
      portsOf((request) => prometheus.send(request)),
      AbortSignal.timeout(60_000),
    )
    assert.equal(outcome.kind, 'running')
    // Every answer, the judgement without history, what the history teaches, and the judgement by it.
    assert.equal(pieces, prometheus.requests.length + 3)
  })

  test('an answer that has come is not read before its turn', async () => {
    const gate = createGate(createGateMemory(), () => new Promise(() => undefined))
    let asked = 0
    const broken = portsOf(async () => {
      asked += 1
      return httpResponse(500, 'no')
    })
    const ended = await Promise.race([gate.look(order, broken, AbortSignal.timeout(60_000)), nextTurn('waiting')])
    assert.deepEqual([asked, ended], [1, 'waiting'])
  })
})
