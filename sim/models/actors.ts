/** People, GitOps, autoscalers and Alertmanager: carries out actions on the true state, as clients do that read before they write. */

import type { KubeObject } from '../../controller/api/meta.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import {
  abortPatches,
  type ClientPatch,
  pausePatches,
  promoteFullPatches,
  promotePatches,
  retryPatches,
} from '../../controller/argo/client-patches.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { type Posted, RECEIVER_TOKEN } from '../cluster/receiver-edge.ts'
import type { Post } from '../invariants/invariant.ts'
import type { Action, AlertName } from '../run/action.ts'
import type { Scenario } from '../run/scenario.ts'
import type { ModelDeps } from './pods.ts'

export interface ActorsOptions extends ModelDeps {
  readonly scenario: Scenario
  /** Epoch milliseconds at virtual time 0. */
  readonly wallStartMs: number
  readonly onPost: (post: Post) => void
  /** Posts to one replica; a dead one answers nothing. */
  readonly postAlert: (posted: Posted, answer: (status: number) => void) => void
}

/** Alertmanager gives up a group that nobody takes when the alert has long been resolved. */
const POST_RETRY_MS = 2_000
const MOST_POSTS = 20

/** What else the container has stays. */
function withImage({ spec }: Rollout, image: string): object {
  const { containers = [] } = (spec.template?.spec ?? {}) as { containers?: readonly object[] }
  return { template: { spec: { containers: containers.map((container) => ({ ...container, image })) } } }
}

/** The labels make the fingerprint: it is the same each time the alert fires. */
const FINGERPRINTS: Readonly<Record<AlertName, string>> = {
  ErrorsHigh: 'e2d4f1a0b3c59687',
  LatencyHigh: '17c6a8d0f2e4b395',
}

/** As every client writes it. */
const wholeSeconds = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`

interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string | undefined>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt: string
  readonly endsAt: string
  readonly fingerprint: string
}

function renderAlert(
  { metadata }: Rollout,
  name: AlertName,
  [startsAtMs, endsAtMs]: readonly [number, number?],
): Alert {
  const status = endsAtMs === undefined ? 'firing' : 'resolved'
  return {
    status,
    labels: { alertname: name, namespace: metadata.namespace, rollout: metadata.name },
    annotations: { summary: 'users feel it' },
    startsAt: new Date(startsAtMs).toISOString(),
    endsAt: endsAtMs === undefined ? '0001-01-01T00:00:00Z' : new Date(endsAtMs).toISOString(),
    fingerprint: FINGERPRINTS[name],
  }
}

const HOUR_MS = 3_600_000

type AlertAction = Extract<Action, { kind: 'alert' }>

/** Nobody in the cluster has it. */
const STRANGE_HASH = '7777777777'

/** Labels besides those that every alert of the Rollout has, and in place of them. */
function ownLabels({ about, labels = {} }: AlertAction, { status = {} }: Rollout): Readonly<Record<string, string>> {
  const hashes = { canary: status.currentPodHash, stable: status.stableRS, another: STRANGE_HASH }
  const hash = about && hashes[about]
  return { ...(hash === undefined ? {} : { rollouts_pod_template_hash: hash }), ...labels }
}

const renderCompany = (alert: Alert, { behind }: AlertAction): readonly Alert[] =>
  Array.from({ length: behind?.count ?? 0 }, (_none, at) => ({
    ...alert,
    fingerprint: `other${at}`,
    status: behind?.status ?? alert.status,
    labels: { ...alert.labels, alertname: `Other${at}`, ...behind?.labels },
  }))

/** Alertmanager does not sort a group, and leaves out what is too much. */
function renderGroup(rollout: Rollout, alert: Alert, action: AlertAction): string {
  const { isTruncated = false } = action
  const other = alert.labels.alertname === 'LatencyHigh' ? 'ErrorsHigh' : 'LatencyHigh'
  const startedMs = Date.parse(alert.startsAt)
  const former = isTruncated ? [renderAlert(rollout, other, [startedMs - HOUR_MS, startedMs - 1])] : []
  const { status } = alert
  const left = isTruncated ? { truncatedAlerts: 1 } : {}
  return JSON.stringify({
    version: '4',
    groupKey: 'sim',
    receiver: 'penstock',
    status,
    ...left,
    alerts: [...former, ...renderCompany(alert, action), alert],
  })
}

export function createActors(options: ActorsOptions): (action: Action) => void {
  const { kernel, truth, client, scenario, wallStartMs, postAlert, onPost } = options
  const ref = kinds.refOf(kinds.rollouts, scenario.rollout)
  const rollout = (): Rollout | undefined => truth.world().rollouts.get(ref.name)
  const patchSpec = (spec: object): void => void client.patch(ref, 'merge', { spec }).catch(() => {})

  async function send(patches: readonly ClientPatch[]): Promise<void> {
    for (const { kind, body, subresource } of patches)
      await client.patch(ref, kind, body, subresource ? { subresource } : {})
  }

  async function reapply(): Promise<void> {
    const options = { fieldManager: 'git', force: true }
    const { spec } = rollout() ?? scenario.rollout
    const desired = { ...scenario.rollout, spec: { ...scenario.rollout.spec, template: spec.template } }
    await client.patch(ref, 'apply', desired, options)
    for (const object of scenario.objects.filter(({ kind }) => kind === 'HTTPRoute'))
      await client.patch(kinds.refOf(kinds.httpRoutes, object as KubeObject), 'apply', object, options)
  }

  const firingSinceMs = new Map<AlertName, number>()

  function alert(action: AlertAction, seen: Rollout): void {
    const { status, times, name = 'ErrorsHigh', forMs = 0, isForged = false, twinAfterMs } = action
    const nowMs = wallStartMs + kernel.now()
    const sinceMs = status === 'firing' ? nowMs - forMs : (firingSinceMs.get(name) ?? nowMs)
    firingSinceMs.set(name, sinceMs)
    const plain = renderAlert(seen, name, status === 'firing' ? [sinceMs] : [sinceMs, nowMs])
    const alert = { ...plain, labels: { ...plain.labels, ...ownLabels(action, seen) } }
    const body = renderGroup(seen, alert, action)
    const authorization = `Bearer ${isForged ? 'somebody-elses-token' : RECEIVER_TOKEN}`
    const attempt = (left: number): void => {
      let isTaken = false
      const id = `${FINGERPRINTS[name]}@${new Date(sinceMs).toISOString()}`
      onPost({ id, status, isTrusted: !isForged, atMs: kernel.now() })
      postAlert({ body, authorization }, (code) => {
        isTaken ||= code < 500
        kernel.note(`alert answered ${code}`)
      })
      kernel.schedule(POST_RETRY_MS, undefined, () => {
        if (!isTaken && left > 0) attempt(left - 1)
      })
    }
    for (let time = 0; time < times; time += 1) kernel.schedule(time * 700, undefined, () => attempt(MOST_POSTS))
    if (twinAfterMs !== undefined) kernel.schedule(twinAfterMs, undefined, () => attempt(MOST_POSTS))
  }

  return (action) => {
    const seen = rollout()
    if (!seen) return
    switch (action.kind) {
      case 'setImage':
        return patchSpec(withImage(seen, action.image))
      case 'scale':
        return patchSpec({ replicas: action.replicas })
      case 'restart':
        return patchSpec({ restartAt: wholeSeconds(wallStartMs + kernel.now()) })
      case 'resume':
        return patchSpec({ paused: false })
      case 'pause':
        return void send(pausePatches())
      case 'promote':
        return void send(promotePatches(seen))
      case 'promoteFull':
        return void send(promoteFullPatches(seen))
      case 'abort':
        return void send(abortPatches())
      case 'retry':
        return void send(retryPatches())
      case 'reapply':
        return void reapply()
      case 'alert':
        return alert(action, seen)
    }
  }
}
