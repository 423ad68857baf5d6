/** The first passes over what Argo Rollouts left move nothing, whatever the moment; the stories themselves are golden files. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stepHashes } from '../../../controller/argo/pod-hash.ts'
import { templateKey } from '../../../controller/domain/analysis/analysis-templates.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { World } from '../../../controller/domain/world.ts'
import { world } from '../../builders/world.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { takeoverScenarios } from '../../golden/scenarios/takeover.ts'
import { tellStory } from '../../golden/scenarios.ts'

describe('takeover', () => {
  for (const scenario of takeoverScenarios)
    test(`${scenario.name} moves nothing`, () => {
      const story = tellStory(scenario).split('\n')
      const told = story.filter((line) => line.startsWith('# pods, weights and selectors:'))
      assert.deepEqual(told, ['# pods, weights and selectors: as they were'])
    })

  const judged = [{ setWeight: 25 }, { analysis: { templates: [{ templateName: 'gate' }] } }, { pause: {} }]
  const [ours = '', elder = ''] = stepHashes(judged)
  const midway = (currentStepHash: string | undefined, generation = '1'): World => {
    const seen = world({ steps: judged, stepIndex: 2, weight: 25 })
    const status = { ...seen.rollout.status, currentStepHash, observedGeneration: generation }
    const templates = { [templateKey({ templateName: 'gate' })]: gate }
    return { ...seen, templates, rollout: { ...seen.rollout, status } }
  }
  const rows: readonly (readonly [string, string | undefined, string, readonly [number, string]])[] = [
    ['our hash', ours, '0', [2, ours]],
    ['the hash of 1.8', elder, '0', [2, elder]],
    ['a hash of nobody, status saw this spec', 'strange', '1', [2, ours]],
    ['a hash of nobody, status saw an earlier spec', 'strange', '0', [0, ours]],
    ['no hash, status saw this spec', undefined, '1', [0, ours]],
  ]
  for (const [what, hash, generation, expected] of rows)
    test(`steps under ${what}: from step ${expected[0]}`, () => {
      const { status } = decide(midway(hash, generation))
      assert.deepEqual([status.currentStepIndex, status.currentStepHash], expected)
    })
})
