/**
 * Keeps Prometheus' list of scrape targets equal to the pods of the API server: a file that is replaced whole at every change (file_sd).
 * A pod is listed as soon as it has an address, so that its first requests are not missed. Which metrics a pod has is its own business.
 */
import { rename, writeFile } from 'node:fs/promises'
import type { KubeObject } from '../../controller/api/meta.ts'
import { createCache } from '../../controller/kube/cache.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import { pods } from '../../controller/kube/kinds.ts'
import { createReflector } from '../../controller/kube/reflector.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Random } from '../../controller/runtime/random.ts'

interface ScrapedPod extends KubeObject {
  readonly spec: { readonly containers: readonly { readonly ports?: readonly { readonly containerPort: number }[] }[] }
  readonly status?: { readonly podIP?: string; readonly phase?: string }
}

export interface TargetGroup {
  readonly targets: readonly string[]
  readonly labels: Readonly<Record<string, string>>
}

const SCRAPE_ANNOTATION = 'prometheus.io/scrape'

/** One group per pod that asks to be scraped and can answer. Pure; sorted, so that equal pods give an equal file. */
export function renderTargets(list: readonly ScrapedPod[]): readonly TargetGroup[] {
  return list.flatMap(({ metadata, spec, status }) => {
    const port = spec.containers[0]?.ports?.[0]?.containerPort
    const wanted = metadata.annotations?.[SCRAPE_ANNOTATION] === 'true' && metadata.deletionTimestamp === undefined
    if (!wanted || status?.phase !== 'Running' || status.podIP === undefined || port === undefined) return []
    const labels = metadata.labels ?? {}
    return [
      {
        targets: [`${status.podIP}:${port}`],
        labels: {
          namespace: metadata.namespace ?? '',
          pod: metadata.name,
          service: labels['app.kubernetes.io/name'] ?? '',
          rollouts_pod_template_hash: labels['rollouts-pod-template-hash'] ?? '',
        },
      },
    ]
  })
}

export interface TargetOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly file: string
}

/** Writes the file at once and at every change until stopped. */
export async function followTargets(options: TargetOptions): Promise<{ stop(): Promise<void> }> {
  const cache = createCache<ScrapedPod>({ name: 'scrape targets', log: options.log })
  let written = ''
  let writing = Promise.resolve()
  const write = async (): Promise<void> => {
    const text = JSON.stringify(renderTargets(cache.list()), null, 1)
    if (text === written) return
    written = text
    await writeFile(`${options.file}.next`, text)
    await rename(`${options.file}.next`, options.file)
  }
  const schedule = (): void => {
    writing = writing.then(write, write)
  }
  await write()
  cache.subscribe(schedule)
  const reflector = createReflector<ScrapedPod>({ ...options, kind: pods, sink: cache })
  reflector.start()
  return {
    async stop() {
      await reflector.stop()
      await writing
    },
  }
}
