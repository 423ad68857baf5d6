/**
 * Reads manifests as people write them (YAML, several documents a file) and applies them on the server under a field manager. It keeps
 * the order of the files; what is no Kubernetes object is an error that names the file.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '../controller/api/meta.ts'
import type { KubeClient, ResourceKind } from '../controller/kube/client.ts'
import {
  analysisTemplates,
  apiVersionOf,
  clusterAnalysisTemplates,
  configMaps,
  deployments,
  httpRoutes,
  namespaces,
  refOf,
  rollouts,
  services,
} from '../controller/kube/kinds.ts'
import { gatewayClasses, gateways } from './gateway/objects.ts'

export interface Manifest extends KubeObject {
  readonly apiVersion: string
  readonly kind: string
}

export const customResourceDefinitions: ResourceKind = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}

const knownKinds: readonly ResourceKind[] = [
  customResourceDefinitions,
  namespaces,
  services,
  configMaps,
  deployments,
  gatewayClasses,
  gateways,
  httpRoutes,
  rollouts,
  analysisTemplates,
  clusterAnalysisTemplates,
]

/** Throws one sentence with `source` in it when a document is no manifest. Empty documents are left out. */
export function parseManifests(text: string, source: string): readonly Manifest[] {
  return parseAllDocuments(text, { merge: true }).flatMap((document, index) => {
    const problem = document.errors[0]
    if (problem) throw new Error(`${source}, document ${index + 1}: ${problem.message.split('\n')[0]}`)
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    if (value === null || value === undefined) return []
    if (!isManifest(value))
      throw new Error(`${source}, document ${index + 1}: needs apiVersion, kind and metadata.name`)
    return [value]
  })
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false
  const { apiVersion, kind, metadata } = value as Partial<Manifest>
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string'
}

/** All manifests of a directory's YAML files, in the order of the file names. */
export async function readManifests(directory: string): Promise<readonly Manifest[]> {
  const files = (await readdir(directory)).filter((name) => /\.ya?ml$/.test(name)).sort()
  const texts = await Promise.all(files.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.flatMap((text, index) => parseManifests(text, files[index] ?? ''))
}

/** Server-side apply; the field manager takes over what others own. */
export async function applyManifest(client: KubeClient, manifest: Manifest, fieldManager: string): Promise<void> {
  await client.patch(refOf(kindOf(manifest), manifest), 'apply', manifest, { fieldManager, force: true })
}

/** The served kind of a manifest. Throws for kinds that the sandbox's tools do not apply. */
export function kindOf(manifest: Manifest): ResourceKind {
  const kind = knownKinds.find((entry) => entry.kind === manifest.kind && apiVersionOf(entry) === manifest.apiVersion)
  if (!kind)
    throw new Error(`${manifest.kind} ${manifest.metadata.name}: ${manifest.apiVersion} is not known to the sandbox`)
  return kind
}
