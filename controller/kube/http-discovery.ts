/** What the API server serves, asked over HTTP: groups and their resources. It remembers nothing; who asks when is decided in `served-versions.ts`. */
import { type Discovery, isNotFound, type ResourceKind } from './client.ts'
import type { HttpCaller } from './http-call.ts'

/** For rate limits and metrics: discovery concerns no kind. */
const kindOf = (group: string): ResourceKind => ({
  group,
  version: '',
  plural: 'apis',
  kind: 'APIGroup',
  namespaced: false,
})

export function createHttpDiscovery(caller: HttpCaller, deadlineMs: number): Discovery {
  async function read(group: string, path: string): Promise<unknown> {
    try {
      return await caller.send({ verb: 'get', kind: kindOf(group), path, deadlineMs })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
  return {
    listVersions: async (group) => versionsIn(await read(group, `/apis/${group}`)),
    listResources: async (group, version) =>
      resourcesIn(await read(group, group === '' ? `/api/${version}` : `/apis/${group}/${version}`)),
  }
}

/** Of an APIGroup; what is none has no versions. */
export function versionsIn(answer: unknown): readonly string[] {
  const { versions, preferredVersion } = (answer ?? {}) as {
    readonly versions?: readonly { readonly version?: string }[]
    readonly preferredVersion?: { readonly version?: string }
  }
  const names = (versions ?? []).flatMap(({ version }) => (version ? [version] : []))
  const first = names.filter((name) => name === preferredVersion?.version)
  return [...first, ...names.filter((name) => !first.includes(name))]
}

/** Of an APIResourceList, subresources left out. */
export function resourcesIn(answer: unknown): readonly string[] {
  const { resources } = (answer ?? {}) as { readonly resources?: readonly { readonly name?: string }[] }
  return (resources ?? []).flatMap(({ name }) => (name && !name.includes('/') ? [name] : []))
}
