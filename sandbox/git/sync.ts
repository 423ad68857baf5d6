/**
 * Applies the newest commit to the cluster again and again, as a GitOps tool does: server-side apply under a field manager of its own,
 * taking over what others changed. It must not look at what a Rollout does with it.
 *
 * One exception, which every GitOps tool has to make for objects that a controller steers (Argo CD calls it ignoreDifferences): Services
 * and routes are applied only when they lack something that their manifest says. Manifests name no weights and no revision, so these stay.
 */
import type { KubeClient } from '../../controller/kube/client.ts'
import { httpRoutes, refOf, services } from '../../controller/kube/kinds.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import { applyManifest, type Manifest, parseManifests } from '../manifests.ts'
import type { Repository } from './repository.ts'

export const FIELD_MANAGER = 'gitops-sync'

export interface SyncOptions {
  readonly repository: Pick<Repository, 'readHead'>
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
  readonly everyMs: number
}

export interface RunningSync {
  /** How often a commit has been applied as a whole. */
  passes(): number
  stop(): Promise<void>
}

const steeredKinds = [httpRoutes, services]

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** True when everything that `manifest` says is so in `live`; lists must have equal length. */
export function isCovered(manifest: unknown, live: unknown): boolean {
  if (Array.isArray(manifest)) {
    return (
      Array.isArray(live) &&
      manifest.length === live.length &&
      manifest.every((item, index) => isCovered(item, live[index]))
    )
  }
  if (!isRecord(manifest)) return manifest === live
  return isRecord(live) && Object.entries(manifest).every(([key, value]) => isCovered(value, live[key]))
}

async function applyOne(client: KubeClient, manifest: Manifest): Promise<void> {
  const steered = steeredKinds.find(({ kind }) => kind === manifest.kind)
  if (steered && isCovered(manifest, await client.get(refOf(steered, manifest)))) return
  await applyManifest(client, manifest, FIELD_MANAGER)
}

/** Begins with a pass at once. A manifest that cannot be applied is logged and tried again with the next pass; the others go on. */
export function startSync(options: SyncOptions): RunningSync {
  const { client, clock, log } = options
  const stopping = new AbortController()
  let passes = 0
  const pass = async (): Promise<void> => {
    const files = await options.repository.readHead()
    let isWhole = true
    for (const [name, text] of files) {
      for (const manifest of parseManifests(text, name)) {
        await applyOne(client, manifest).catch((error: unknown) => {
          isWhole = false
          log.warn(`${name}: ${manifest.kind} ${manifest.metadata.name} was not applied`, {
            reason: 'SyncFailed',
            error,
          })
        })
      }
    }
    if (isWhole) passes += 1
  }
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await pass().catch((error: unknown) => log.warn('the commit was not applied', { reason: 'SyncFailed', error }))
      await clock.sleep(options.everyMs, stopping.signal)
    }
  }
  const running = loop()
  return {
    passes: () => passes,
    async stop() {
      stopping.abort()
      await running
    },
  }
}
