/** When pointing a Service that names no revision moves no request, and so needs no pass of its own: every way in which it would is told apart. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isRisky } from '../../../controller/domain/plan.ts'
import { switchTo } from '../../../controller/domain/service-switch.ts'
import type { ServiceFacts } from '../../../controller/domain/view.ts'
import type { World } from '../../../controller/domain/world.ts'
import { view as canaryView } from '../../builders/world.ts'

const alone = canaryView({ fresh: [4, 4], stable: [0, 0], canaryNames: '' })
const shared = canaryView({ fresh: [4, 4], stable: [2, 2], canaryNames: '' })
const named = canaryView({ fresh: [4, 4], stable: [0, 0], canaryNames: 'old' })
const withWorld = (over: Partial<World>) => ({ ...alone, world: { ...alone.world, ...over } })
const [stranger] = shared.world.replicaSets
const workload = { kind: 'Deployment', metadata: { name: 'shop' }, spec: { replicas: 3 } } as unknown as NonNullable<
  World['workload']
>

describe('pointing a Service at a revision is', () => {
  for (const [what, view, risky] of [
    ['no risk while it names none and nobody else has pods', alone, false],
    ['a risk while another revision has pods', shared, true],
    ['a risk when it names another revision', named, true],
    ['a risk beside pods that belong to somebody else', withWorld({ strangers: stranger ? [stranger] : [] }), true],
    ['a risk beside the workload that the pods come from', withWorld({ workload }), true],
  ] as const)
    test(what, () => {
      const service: ServiceFacts | undefined = view.canaryService
      if (!service || !view.newRs) throw new Error('the situation lacks its Service or revision')
      const [action] = switchTo(view, service, view.newRs).actions ?? []
      assert.equal(action && isRisky(action), risky)
    })
})
