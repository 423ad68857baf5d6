/** What clients compare: the order of events, phases in sequence, client requests that count once, and Services that are given back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../../../controller/api/labels.ts'
import type { BlueGreenStrategy } from '../../../../controller/api/rollout.ts'
import { decide } from '../../../../controller/domain/decide.ts'
import { decideFormerServices } from '../../../../controller/domain/former-services.ts'
import type { World } from '../../../../controller/domain/world.ts'
import { hashOf, type Names, NEW, OLD, type Situation, view } from '../../../builders/blue-green.ts'
import { blueGreenRollout } from '../../../builders/rollout.ts'
import { createMachine, type Machine } from '../../../golden/world-machine.ts'

const SECOND = 1_000

/** Without a preview, as in Argo's own comparison. */
function start(strategy: Partial<BlueGreenStrategy> = {}): Machine {
  const base = blueGreenRollout(strategy)
  const { previewService: _none, ...blueGreen } = base.spec.strategy?.blueGreen ?? { activeService: 'active' }
  return createMachine({ rollout: { ...base, spec: { ...base.spec, strategy: { blueGreen } } } })
}

function drive(machine: Machine, ticks = 30) {
  const told: { reasons: string[]; phases: string[] } = { reasons: [], phases: [] }
  for (let tick = 0; tick < ticks; tick++) {
    const plan = decide(machine.world())
    told.reasons.push(...plan.events.map(({ reason }) => reason))
    const phase = plan.status.phase ?? ''
    if (told.phases.at(-1) !== phase) told.phases.push(phase)
    machine.tick()
  }
  return told
}

describe('blue-green: what clients compare', () => {
  test('events of a first deployment and of an update', () => {
    const machine = start()
    const first = drive(machine, 8)
    assert.deepEqual(first.reasons, [
      'RolloutAddedToInformer',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'ScalingReplicaSet',
      'RolloutCompleted',
      'SwitchService',
    ])
    machine.setImage('shop:2')
    const update = drive(machine, 8)
    assert.deepEqual(update.reasons, [
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'SwitchService',
      'RolloutCompleted',
    ])
    assert.deepEqual(update.phases, ['Progressing', 'Healthy'])
  })

  test('events and phases around a pause', () => {
    const machine = start({ autoPromotionEnabled: false })
    drive(machine, 8)
    machine.setImage('shop:2')
    const paused = drive(machine, 8)
    assert.deepEqual(paused.phases, ['Progressing', 'Paused'])
    machine.patchStatus({ pauseConditions: null })
    const promoted = drive(machine, 6)
    assert.deepEqual(promoted.reasons.slice(0, 3), ['SwitchService', 'RolloutResumed', 'RolloutCompleted'])
    assert.deepEqual(promoted.phases, ['Progressing', 'Healthy'])
  })

  test('controllerPause without a pause lasts for one pass', () => {
    const machine = start({ autoPromotionEnabled: false })
    machine.run(40 * SECOND)
    machine.setImage('shop:2')
    machine.run(20 * SECOND)
    machine.patchStatus({ pauseConditions: null })
    machine.pass()
    assert.equal(machine.status().controllerPause ?? false, false)
  })

  test('an update that its deadline aborted has four conditions', () => {
    const base = blueGreenRollout({}, { spec: { progressDeadlineSeconds: 30, progressDeadlineAbort: true } })
    const machine = createMachine({ rollout: base })
    machine.run(40 * SECOND)
    machine.setImage('shop:2')
    machine.pass()
    machine.breakPods(machine.status().currentPodHash ?? '')
    machine.run(100 * SECOND)
    const types = machine.status().conditions?.map(({ type }) => type)
    assert.deepEqual(types?.sort(), ['Available', 'Completed', 'Healthy', 'Progressing'])
    assert.equal(machine.status().abort, true)
  })

  test('a pause for hours never degrades, and neither does waiting after it (AR#3843)', () => {
    const machine = createMachine({
      rollout: blueGreenRollout({ autoPromotionEnabled: false }, { spec: { progressDeadlineSeconds: 60 } }),
    })
    machine.run(40 * SECOND)
    machine.setImage('shop:2')
    machine.run(7_200 * SECOND)
    assert.equal(machine.status().phase, 'Paused')
    const before = JSON.stringify(machine.world().rollout)
    machine.run(3_600 * SECOND)
    assert.equal(JSON.stringify(machine.world().rollout), before, 'and writes nothing')
  })

  test('an abort of a completed revision changes nothing (AR#1292)', () => {
    const machine = start()
    machine.run(40 * SECOND)
    machine.patchStatus({ abort: true })
    machine.run(60 * SECOND)
    assert.deepEqual(decide(machine.world()).actions, [])
    assert.equal(machine.status().phase, 'Healthy')
  })
})

interface Former {
  readonly names: Names
  readonly situation?: Situation
  readonly everyPodServes?: boolean
}

function former({ names, situation = {}, everyPodServes = false }: Former): string {
  const seen = view(situation)
  const selector = { app: 'shop', ...(names === '' ? {} : { [POD_TEMPLATE_HASH]: hashOf(names) }) }
  const service = {
    metadata: { name: 'once', namespace: 'web', annotations: { [MANAGED_BY]: 'shop' } },
    spec: { selector },
  }
  const services: World['services'] = { ...seen.world.services, once: { service, readyEndpoints: {} } }
  const { actions = [] } = decideFormerServices({ ...seen, world: { ...seen.world, services } }, everyPodServes)
  const told = actions.map((action) => (action.do === 'select' ? `→${action.podHash}` : action.do))
  return told.join(' ') || '-'
}

const steady: Situation = { active: 'new', status: { stableRS: NEW } }
const alone: Situation = { ...steady, stable: 'deleted' }

const rows: readonly (readonly [string, Former, string])[] = [
  ['only the mark is left', { names: '' }, 'release'],
  ['it names stable, a preview has pods', { names: 'old' }, '-'],
  ['it names the preview', { names: 'new' }, `→${OLD}`],
  ['it names the preview, stable is short of pods', { names: 'new', situation: { stable: [4, 3] } }, '-'],
  ['so is the preview', { names: 'new', situation: { stable: [4, 3], fresh: [4, 2] } }, `→${OLD}`],
  ['it names what has no pods', { names: 'between', situation: { stable: [4, 1] } }, `→${OLD}`],
  ['stable has no pod', { names: 'between', situation: { stable: [4, 0] } }, '-'],
  ['steady, old pods wait for their delay', { names: 'new', situation: steady }, '-'],
  ['steady, it names the old ones', { names: 'old', situation: steady }, `→${NEW}`],
  ['steady, only stable has pods', { names: 'new', situation: alone }, 'release'],
  ['steady, only stable, and none of it is available', { names: 'new', situation: { ...alone, fresh: [4, 0] } }, '-'],
  ['every pod serves', { names: 'old', everyPodServes: true }, 'release'],
  [
    'a revision not seen before',
    { names: 'old', everyPodServes: true, situation: { status: { currentPodHash: OLD } } },
    '-',
  ],
  ['the first deployment', { names: 'old', everyPodServes: true, situation: { status: { stableRS: '' } } }, '-'],
]

describe('Services that are named no more', () => {
  for (const [name, situation, expected] of rows) test(name, () => assert.equal(former(situation), expected))

  test('the mark of another Rollout, and Services that are named, are left alone', () => {
    assert.deepEqual(decideFormerServices(view(alone), true).actions ?? [], [])
  })
})
