/** The names that Argo Rollouts' own controller gave, as recorded from it, are the names that we compute. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'
import { podTemplateHash, stepHash } from '../../../controller/argo/pod-hash.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { type Fixture, fixtureVersions, readFixtures } from '../../argo/fixture.ts'

const ofKind = <T>({ objects }: Fixture, kind: string): readonly T[] =>
  objects.filter((object) => object.kind === kind) as readonly object[] as readonly T[]

for (const version of fixtureVersions())
  describe(`what Argo Rollouts ${version} left`, () => {
    for (const fixture of readFixtures(version))
      test(fixture.name, () => {
        const [rollout] = ofKind<Rollout>(fixture, 'Rollout')
        assert.ok(rollout?.status)
        const { spec, status } = rollout
        const revisions = identifyRevisions({ rollout, replicaSets: ofKind<ReplicaSet>(fixture, 'ReplicaSet') })
        assert.equal(revisions.podHash, status.currentPodHash)
        const dialect = version.startsWith('1.8') ? '1.8' : '1.9'
        assert.equal(podTemplateHash(spec.template ?? {}, null, dialect), status.currentPodHash)
        const { canary } = spec.strategy ?? {}
        if (canary) assert.equal(stepHash(canary.steps, dialect), status.currentStepHash)
      })
  })
