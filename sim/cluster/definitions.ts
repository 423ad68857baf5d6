/** The custom resources that the simulated API server serves, read from the shipped CRDs once a process and shared by every run. */
import { readFileSync } from 'node:fs'
import { bucketOf, customTypesOf } from '../../sandbox/api-server/custom-type.ts'
import { asObject } from '../../sandbox/api-server/json.ts'
import type { ResourceType } from '../../sandbox/api-server/resource-type.ts'
import { parseManifests } from '../../sandbox/manifests.ts'

/** Each with its path in full, so that a bundle can hold the text instead. */
const texts = [
  readFileSync(new URL('../../charts/penstock/crds/rollouts.argoproj.io.yaml', import.meta.url), 'utf8'),
  readFileSync(new URL('../../charts/penstock/crds/analysisruns.argoproj.io.yaml', import.meta.url), 'utf8'),
  readFileSync(new URL('../../charts/penstock/crds/analysistemplates.argoproj.io.yaml', import.meta.url), 'utf8'),
  readFileSync(
    new URL('../../charts/penstock/crds/clusteranalysistemplates.argoproj.io.yaml', import.meta.url),
    'utf8',
  ),
  readFileSync(new URL('../../charts/penstock/crds/experiments.argoproj.io.yaml', import.meta.url), 'utf8'),
  readFileSync(new URL('../../sandbox/crds/gateway-api.yaml', import.meta.url), 'utf8'),
]

let known: ReadonlyMap<string, readonly ResourceType[]> | undefined

export type Manifests = ReturnType<typeof parseManifests>

export const readManifests = (): Manifests => texts.flatMap((text) => parseManifests(text, 'a shipped CRD'))

/** Parsed by somebody else: a third of the work of a process that tells one tale. */
export function takeManifests(manifests: Manifests): void {
  known = readDefinitions(manifests)
}

function readDefinitions(manifests: Manifests): ReadonlyMap<string, readonly ResourceType[]> {
  return new Map(
    manifests
      .filter(({ kind }) => kind === 'CustomResourceDefinition')
      .map((crd) => {
        const stored = {
          ...crd,
          metadata: { name: crd.metadata.name },
          spec: asObject((crd as { spec?: unknown }).spec),
        }
        return [bucketOf(stored), customTypesOf(stored)] as const
      }),
  )
}

/** Bucket → the types that it serves. */
export function customResources(): ReadonlyMap<string, readonly ResourceType[]> {
  known ??= readDefinitions(readManifests())
  return known
}
