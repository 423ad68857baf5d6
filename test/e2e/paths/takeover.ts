/**
 * A cluster changes hands: objects exactly as Argo Rollouts' own controller left them (test/fixtures/argo, recorded), at any phase, statuses
 * included. Taking over creates and deletes no pod, moves no weight and no Service, and every release goes on from where it was.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { type Fixture, fixtureVersions, readFixtures, restore } from '../../argo/fixture.ts'
import { type Picture, pictureOf } from '../../argo/picture.ts'
import { imageOf } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const PASSES = 4

/** What a person does next, and where it must end. */
const goesOn: Readonly<Record<string, (space: Workspace) => Promise<void>>> = {
  healthy: async (space) => {
    await space.setImage(imageOf(3))
    await space.until('the next update', () => space.rollout().status?.phase === 'Progressing')
    await space.untilPhase('Healthy')
  },
  'paused-with-weight': async (space) => {
    await space.patch({ status: { pauseConditions: null } }, { status: true })
    await space.untilPausedAt(3)
    await space.patch({ status: { pauseConditions: null } }, { status: true })
    await space.untilPhase('Healthy')
  },
  'paused-without-router': async (space) => {
    await space.patch({ status: { pauseConditions: null } }, { status: true })
    await space.untilPhase('Healthy')
  },
  'canary-not-ready': async (space) => {
    await space.patch({ status: { abort: true } }, { status: true })
    await space.untilPhase('Degraded', /RolloutAborted/)
  },
  'aborted-in-delay': async (space) => {
    await space.patch({ status: { abort: false } }, { status: true })
    await space.untilPausedAt(1)
  },
  'aborted-without-router': async (space) => {
    await space.patch({ status: { abort: false } }, { status: true })
    await space.untilPausedAt(1)
  },
  analysing: async (space) => {
    await space.patch({ status: { promoteFull: true } }, { status: true })
    await space.untilPhase('Healthy')
  },
  'blue-green-paused': async (space) => {
    await space.patch({ status: { pauseConditions: null } }, { status: true })
    await space.untilPhase('Healthy')
  },
  'blue-green-in-delay': async (space) => {
    await space.setImage(imageOf(1))
    await space.untilPhase('Healthy')
    assert.equal(space.podsSoFar(), space.pods().length, 'going back within the delay starts no pod')
  },
}

export function takeoverPaths(stage: Stage): void {
  for (const version of fixtureVersions())
    describe(`takeover from Argo Rollouts ${version}`, () => {
      const fixtures = readFixtures(version)
      const spaces = new Map<string, Workspace>()
      const spaceOf = ({ name }: Fixture): Workspace => {
        const space = spaces.get(name)
        if (!space) throw new Error(`${name} was not restored`)
        return space
      }
      const beforehand = new Map<string, Picture>()

      before(() =>
        stage.whileAway(async () => {
          for (const fixture of fixtures) {
            const space = await stage.workspace(fixture.name)
            spaces.set(fixture.name, space)
            await restore(fixture, space, stage.cluster().controlPlane)
          }
          for (const fixture of fixtures) await untilAtRest(spaceOf(fixture))
          for (const fixture of fixtures) beforehand.set(fixture.name, pictureOf(spaceOf(fixture)))
        }),
      )

      for (const fixture of fixtures) {
        test(`${fixture.name}: nothing moves`, async () => {
          const space = spaceOf(fixture)
          await stage.passes(space, PASSES)
          assert.deepEqual(pictureOf(space), beforehand.get(fixture.name))
        })
        test(`${fixture.name}: it goes on`, async () => {
          const next = goesOn[fixture.name]
          assert.ok(next, `it is said how ${fixture.name} goes on`)
          await next(spaceOf(fixture))
        })
      }
    })
}

/** The pods that the ReplicaSets ask for are there, and ready where they can be. */
const untilAtRest = (space: Workspace): Promise<void> =>
  space.until('the pods to be there', () =>
    space.replicaSets().every(({ metadata, spec, status }) => {
      const wanted = spec.replicas ?? 0
      const broken = JSON.stringify(spec).includes('does-not-exist')
      return (
        status?.observedGeneration === metadata.generation &&
        (status?.replicas ?? 0) === wanted &&
        (broken || (status?.availableReplicas ?? 0) === wanted)
      )
    }),
  )
