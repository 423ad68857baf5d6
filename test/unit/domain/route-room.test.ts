/** Routes that also send to destinations of somebody else: what those leave bounds what is raised, and never what is taken back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AdditionalWeight } from '../../../controller/api/traffic.ts'
import { decideRoute } from '../../../controller/domain/canary/route.ts'
import { type Situation, view } from '../../builders/world.ts'

const decide = (weight: number, canary: number, room: number, additional: readonly AdditionalWeight[] = []) => {
  const situation: Situation = { weight, fresh: [4, 4] }
  const seen = view(situation)
  const routes = seen.world.routes.map((route) => ({ ...route, room }))
  const { actions = [], holds = [] } = decideRoute(
    { ...seen, world: { ...seen.world, routes } },
    { canary },
    additional,
  )
  const [action] = actions
  return [
    action?.do === 'route' ? [action.canary, action.additional.length] : 'none',
    holds.map(({ message }) => message),
  ]
}
const words = (weight: number, room: number) =>
  `canary weight ${weight} cannot be written: destinations that are not the Rollout's leave ${room} of 100, lower their weights`
const trial = [{ service: 'trial', weight: 20 }]

describe('what destinations of somebody else leave', () => {
  test('a weight within it is written', () => assert.deepEqual(decide(0, 60, 60), [[60, 0], []]))
  test('one above it is not, and says why', () => assert.deepEqual(decide(25, 75, 60), ['none', [words(75, 60)]]))
  test('all of it is: stable gets none', () => assert.deepEqual(decide(25, 100, 60), [[100, 0], []]))
  test('lowering is never kept back', () => assert.deepEqual(decide(100, 75, 60), [[75, 0], []]))
  test('nor is zero, whatever others took', () => assert.deepEqual(decide(25, 0, -40), [[0, 0], []]))
  test('an experiment gets what is left of it', () => {
    assert.deepEqual(decide(0, 40, 60, trial), [[40, 1], []])
    assert.deepEqual(decide(0, 50, 60, trial), [[50, 0], []])
  })
})
