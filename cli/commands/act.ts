/**
 * `promote`, `abort`, `retry`, `pause` and `undo`: reads the rollout, takes the patches that Argo's clients would send, and sends them in
 * order. A patch that moves the step index carries the version it was decided on, so that two people who promote at once pass one step.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import {
  abortPatches,
  type ClientPatch,
  pausePatches,
  promoteFullPatches,
  promotePatches,
  type Refusal,
  retryPatches,
  undoPatches,
} from '../../controller/argo/client-patches.ts'
import { isConflict } from '../../controller/kube/client.ts'
import { deployments } from '../../controller/kube/kinds.ts'
import { CliError } from '../cli-error.ts'
import { readReplicaSets, readRollout, rolloutRef } from '../cluster/observe.ts'
import type { CliDeps, Connection } from '../deps.ts'
import { type CommonOptions, sendJson, withConnection } from '../options.ts'

export type Action = 'promote' | 'abort' | 'retry' | 'pause' | 'undo'

export interface ActOptions extends CommonOptions {
  readonly full?: boolean
  readonly toRevision?: string
}

const FIELD_MANAGER = 'penstock-cli'
const TRIES = 3

export const runAction = (action: Action, name: string, options: ActOptions, deps: CliDeps): Promise<void> =>
  withConnection(deps, options, async (connection) => {
    const done = await act(action, name, options, connection)
    if (options.json === true) sendJson(deps, { action, name, namespace: connection.namespace, ...done })
    else deps.terminal.out(`${done.message}\n`)
  })

interface Outcome {
  readonly changed: boolean
  readonly message: string
}

async function act(action: Action, name: string, options: ActOptions, connection: Connection): Promise<Outcome> {
  const { client, namespace } = connection
  const first = await readRollout(client, namespace, name)
  let rollout = first
  for (let tried = 1; ; tried += 1) {
    const patches = await decidePatches(action, rollout, options, connection)
    if ('refusal' in patches) throw new CliError(`cannot ${action} "${name}": ${patches.refusal}`)
    if (patches.length === 0) return { changed: false, message: `"${name}": there is nothing to ${action}` }
    try {
      for (const patch of patches) await sendPatch(patch, rollout, connection)
      return { changed: true, message: messages[action](name, options) }
    } catch (error) {
      if (!isConflict(error) || tried === TRIES) throw error
    }
    rollout = await readRollout(client, namespace, name)
    if (rollout.status?.currentStepIndex !== first.status?.currentStepIndex)
      throw new CliError(`"${name}" has moved on to another step meanwhile; look with: penstock get ${name}`)
  }
}

async function decidePatches(
  action: Action,
  rollout: Rollout,
  options: ActOptions,
  connection: Connection,
): Promise<readonly ClientPatch[] | Refusal> {
  switch (action) {
    case 'promote':
      return options.full === true ? promoteFullPatches(rollout) : promotePatches(rollout)
    case 'abort':
      return abortPatches()
    case 'retry':
      return rollout.status?.abort === true ? retryPatches() : { refusal: 'its update is not aborted' }
    case 'pause':
      return pausePatches()
    case 'undo':
      return undoPatches(rollout, await readReplicaSets(connection.client, rollout), parseRevision(options.toRevision))
  }
}

const messages: Readonly<Record<Action, (name: string, options: ActOptions) => string>> = {
  promote: (name, options) => `rollout "${name}" ${options.full === true ? 'fully ' : ''}promoted`,
  abort: (name) => `rollout "${name}" aborted`,
  retry: (name) => `rollout "${name}" retried`,
  pause: (name) => `rollout "${name}" paused; resume with: penstock promote ${name}`,
  undo: (name, options) =>
    `rollout "${name}" undone${options.toRevision === undefined ? '' : ` to revision ${options.toRevision}`}`,
}

function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new CliError(`--to-revision "${text}" is not a revision number`, 2)
  return Number(text)
}

function sendPatch(patch: ClientPatch, rollout: Rollout, { client, namespace }: Connection): Promise<unknown> {
  const ref =
    patch.target === 'rollout'
      ? rolloutRef(namespace, rollout.metadata.name)
      : { kind: deployments, namespace, name: rollout.spec.workloadRef?.name ?? '' }
  return client.patch(ref, patch.kind, guarded(patch, rollout), {
    fieldManager: FIELD_MANAGER,
    ...(patch.subresource === undefined ? {} : { subresource: patch.subresource }),
  })
}

/** Every other patch says the same however often it is sent. */
function guarded({ body }: ClientPatch, rollout: Rollout): unknown {
  if (!movesStep(body) || rollout.metadata.resourceVersion === undefined) return body
  return { ...body, metadata: { resourceVersion: rollout.metadata.resourceVersion } }
}

const movesStep = (body: unknown): body is { readonly status: object } =>
  typeof body === 'object' &&
  body !== null &&
  'status' in body &&
  typeof body.status === 'object' &&
  body.status !== null &&
  'currentStepIndex' in body.status
