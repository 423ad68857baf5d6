/** Reads a whole collection in pages. It restarts when the server forgets the page token; it never returns half a list. */
import type { KubeObject } from '../api/meta.ts'
import { isGone, type KubeClient, type ListOptions, type ResourceKind } from './client.ts'

export interface WholeList<T extends KubeObject> {
  readonly objects: readonly T[]
  readonly resourceVersion: string
}

const PAGE_SIZE = 500
const MAX_PAGED_TRIES = 2

/**
 * All objects as of one resourceVersion. A page token that expires (410) starts the list again; after two such losses the list
 * is asked for in one piece, because a collection that is too large to page through in time would otherwise never be read.
 */
export async function listPages<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  kind: ResourceKind,
  options: Omit<ListOptions, 'limit' | 'continue'>,
): Promise<WholeList<T>> {
  for (let paged = 0; paged < MAX_PAGED_TRIES; paged += 1) {
    try {
      return await listOnce<T>(client, kind, { ...options, limit: PAGE_SIZE })
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }
  return listOnce<T>(client, kind, options)
}

async function listOnce<T extends KubeObject>(
  client: Pick<KubeClient, 'list'>,
  kind: ResourceKind,
  options: ListOptions,
): Promise<WholeList<T>> {
  const objects: T[] = []
  let token: string | undefined
  for (;;) {
    const page = await client.list<T>(kind, token === undefined ? options : { ...options, continue: token })
    for (const object of page.items ?? []) objects.push(object)
    token = page.metadata.continue
    if (!token) return { objects, resourceVersion: page.metadata.resourceVersion ?? '' }
  }
}
