/**
 * What one namespace looked like at the moment when its controller was ended, as a file: objects in the order in which they can be made again.
 * Restoring shifts every timestamp to now, so that delays that were running run on. It must not know who controlled the objects.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ControlPlane } from '../control-plane/control-plane.ts'
import { waitFor } from '../control-plane/wait.ts'
import type { Workspace } from '../e2e/workspace.ts'

export interface Fixture {
  readonly name: string
  /** Version of the controller that left the objects. */
  readonly version: string
  /** RFC 3339. */
  readonly recordedAt: string
  readonly objects: readonly FixtureObject[]
  /** What the controller told about the Rollout, in the order in which it did. */
  readonly events: readonly ToldEvent[]
}

export interface ToldEvent {
  readonly type: string
  readonly reason: string
  readonly message: string
}

/** Events of the namespace's Rollouts. Their names end in the moment of telling, in hexadecimal nanoseconds. */
export async function readEvents(namespace: string, plane: ControlPlane): Promise<readonly ToldEvent[]> {
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.kind%3DRollout`
  const { body } = await plane.api({ path })
  const { items } = body as { items: readonly (KubeObject & ToldEvent)[] }
  const momentOf = ({ metadata }: KubeObject): bigint => BigInt(`0x${metadata.name.split('.').at(-1) ?? '0'}`)
  return [...items]
    .sort((a, b) => (momentOf(a) < momentOf(b) ? -1 : 1))
    .map(({ type, reason, message }) => ({ type, reason, message }))
}

export interface FixtureObject extends KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly spec?: { readonly replicas?: number; readonly selector?: object }
  readonly status?: unknown
}

/** Resources by REST path, in the order of their making; owners come before what they own. */
export const resources = [
  { path: '/api/v1', plural: 'services' },
  { path: '/apis/gateway.networking.k8s.io/v1', plural: 'httproutes' },
  { path: '/apis/argoproj.io/v1alpha1', plural: 'analysistemplates' },
  { path: '/apis/argoproj.io/v1alpha1', plural: 'rollouts' },
  { path: '/apis/apps/v1', plural: 'replicasets' },
  { path: '/apis/argoproj.io/v1alpha1', plural: 'analysisruns' },
] as const

/** The namespace's objects of those resources, without what belongs to one cluster at one time. */
export async function readObjects(namespace: string, plane: ControlPlane): Promise<readonly FixtureObject[]> {
  const objects: FixtureObject[] = []
  for (const { path, plural } of resources) {
    const { body } = await plane.api({ path: `${path}/namespaces/${namespace}/${plural}` })
    const { apiVersion, kind, items } = body as { apiVersion: string; kind: string; items: KubeObject[] }
    const own = items.filter(({ metadata }) => metadata.name !== 'kubernetes')
    objects.push(...own.map((object) => portable(object, apiVersion, kind.replace(/List$/, ''))))
  }
  return objects
}

/** Without what belongs to one cluster at one time, and without the status that others write. */
function portable(object: KubeObject & { readonly status?: unknown }, apiVersion: string, kind: string): FixtureObject {
  const { status, ...rest } = object
  const { name, uid, labels, annotations, ownerReferences } = object.metadata
  const metadata = {
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(labels ? { labels } : {}),
    ...(annotations ? { annotations: withoutKubectl(annotations) } : {}),
    ...(ownerReferences ? { ownerReferences } : {}),
  }
  const keepsStatus = kind === 'Rollout' || kind === 'AnalysisRun'
  return { ...withoutAddresses(rest), apiVersion, kind, metadata, ...(keepsStatus ? { status } : {}) }
}

const withoutKubectl = (annotations: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(annotations).filter(([key]) => !key.startsWith('kubectl.kubernetes.io/')))

function withoutAddresses<T extends object>(object: T): T {
  const { spec } = object as { spec?: Record<string, unknown> }
  if (!spec || !('clusterIP' in spec)) return object
  const { clusterIP: _ip, clusterIPs: _ips, ...kept } = spec
  return { ...object, spec: kept }
}

/** Controllers that have made the fixtures, by version. */
const FOLDER = fileURLToPath(new URL('../fixtures/argo/', import.meta.url))
export const fixtureVersions = (): readonly string[] => readdirSync(FOLDER).sort()

export const fixtureFolder = (version: string): string => `${FOLDER}${version}`

export const readFixtures = (version: string): readonly Fixture[] =>
  readdirSync(fixtureFolder(version))
    .sort()
    .map((file) => JSON.parse(readFileSync(`${fixtureFolder(version)}/${file}`, 'utf8')) as Fixture)

const PATH_OF = new Map(
  resources.map(({ path, plural }) => [plural.replace(/s$/, ''), `${path}/namespaces/{}/${plural}`]),
)
const pathOf = (kind: string, namespace: string): string =>
  (PATH_OF.get(kind.toLowerCase()) ?? '').replace('{}', namespace)

const TIMESTAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g

/** Makes the objects in the workspace's namespace and waits until every pod that they ask for can be there. */
export async function restore(fixture: Fixture, space: Workspace, plane: ControlPlane): Promise<void> {
  const shiftMs = Date.now() - Date.parse(fixture.recordedAt)
  const text = JSON.stringify(fixture.objects).replace(TIMESTAMP, (at) =>
    new Date(Date.parse(at) + shiftMs).toISOString().replace(/\.\d+Z$/, 'Z'),
  )
  const uids = new Map<string, string>()
  for (const object of JSON.parse(text) as FixtureObject[]) await make(object, space, plane, uids)
}

async function make(
  object: FixtureObject,
  space: Workspace,
  plane: ControlPlane,
  uids: Map<string, string>,
): Promise<void> {
  const { uid = '', ...metadata } = object.metadata
  const ownerReferences = metadata.ownerReferences?.map((owner) => ({
    ...owner,
    uid: uids.get(owner.uid) ?? owner.uid,
  }))
  const { status, ...body } = { ...object, metadata: { ...metadata, ...(ownerReferences ? { ownerReferences } : {}) } }
  const path = pathOf(object.kind, space.namespace)
  // AnalysisRuns have no status subresource: what is created with a status keeps it.
  const keepsStatus = object.kind === 'AnalysisRun'
  const made = await plane.api({ method: 'POST', path, body: keepsStatus ? { ...body, status } : body })
  if (made.status !== 201) throw new Error(`${object.kind} ${metadata.name}: ${JSON.stringify(made.body)}`)
  uids.set(uid, (made.body as KubeObject).metadata.uid ?? '')
  if (object.kind !== 'Rollout') return
  const contentType = 'application/merge-patch+json'
  await waitFor(
    async () => {
      const answer = await plane.api({
        method: 'PATCH',
        path: `${path}/${metadata.name}/status`,
        contentType,
        body: { status: withGeneration(status, made.body as KubeObject) },
      })
      return answer.status === 200
    },
    { what: `the status of ${metadata.name}`, timeoutMs: 10_000 },
  )
}

/** A fresh object starts at generation 1 again; what had been observed stays observed. */
const withGeneration = (status: unknown, made: KubeObject): unknown => ({
  ...(status as object),
  observedGeneration: String(made.metadata.generation ?? 1),
})
