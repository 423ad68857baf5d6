/**
 * Argo CD beside the controller, on the same HTTPRoute: its server-side apply of what is in Git is played by kubectl with Argo CD's field manager.
 * Both have to get along before, during and after an update, as the guide `docs/guides/argo-cd.md` promises.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { CommandResult } from '../../control-plane/access.ts'
import { waitFor } from '../../control-plane/wait.ts'
import { canary, httpRoute, imageOf, NAME } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Workspace } from '../workspace.ts'

const ARGO_CD = 'argocd-controller'
const REVERSALS = 'penstock.dev/reversals'

interface LiveRoute {
  readonly metadata: {
    readonly generation: number
    readonly resourceVersion: string
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[]
  }
  readonly spec: {
    readonly hostnames?: readonly string[]
    readonly rules: readonly { readonly backendRefs: readonly { readonly name: string; readonly weight: number }[] }[]
  }
}

async function read(space: Workspace): Promise<LiveRoute> {
  const { stdout } = await space.kubectl('get', 'httproute', NAME, '-o', 'json', '--show-managed-fields')
  return JSON.parse(stdout) as LiveRoute
}

const weightsOf = ({ spec }: LiveRoute): readonly number[] =>
  spec.rules.flatMap(({ backendRefs }) => backendRefs.map(({ weight }) => weight))

const managersOf = ({ metadata }: LiveRoute): readonly string[] =>
  (metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`)

/** What is in Git; undefined leaves the weights out. */
function inGit(weights: readonly [number, number] | undefined, hostnames: readonly string[] = []): object {
  const refs = [`${NAME}-stable`, `${NAME}-canary`].map((name, at) => ({
    name,
    port: 80,
    ...(weights ? { weight: weights[at] } : {}),
  }))
  const { spec, ...rest } = httpRoute(NAME) as { readonly spec: object }
  return { ...rest, spec: { ...spec, ...(hostnames.length > 0 ? { hostnames } : {}), rules: [{ backendRefs: refs }] } }
}

export function argoCdPaths(stage: Stage): void {
  /** As Argo CD syncs with ServerSideApply=true; it always forces. */
  function apply(space: Workspace, manifest: object, force = false): Promise<CommandResult> {
    const file = join(stage.cluster().directory, `${space.namespace}-route.json`)
    writeFileSync(file, JSON.stringify(manifest))
    const flags = ['--server-side', `--field-manager=${ARGO_CD}`, ...(force ? ['--force-conflicts'] : [])]
    return space.kubectl('apply', ...flags, '-f', file)
  }

  async function sync(space: Workspace, manifest: object, force = false): Promise<void> {
    const { code, stderr } = await apply(space, manifest, force)
    assert.equal(code, 0, stderr)
  }

  const until = (space: Workspace, what: string, holds: (route: LiveRoute) => boolean): Promise<LiveRoute> =>
    waitFor(
      async () => {
        const route = await read(space)
        return holds(route) ? route : undefined
      },
      { what: `${what} in ${space.namespace}`, timeoutMs: 30_000, intervalMs: 100 },
    )
  const untilLetGo = (space: Workspace) =>
    until(space, 'the controller to let its fields go', (route) => !managersOf(route).includes('penstock Update'))

  async function begin(title: string, manifest: object): Promise<Workspace> {
    const space = await stage.workspace(title)
    const others = canary({ steps: [{ setWeight: 20 }, { pause: {} }] }).filter(
      (object) => !('kind' in object && object.kind === 'HTTPRoute'),
    )
    await sync(space, manifest)
    await space.apply(...others)
    await space.untilPhase('Healthy')
    await untilLetGo(space)
    return space
  }

  const record = (space: Workspace): string => space.rollout().metadata.annotations?.[REVERSALS] ?? ''

  describe('Argo CD syncs the HTTPRoute', { concurrency: 3 }, () => {
    test('with weights in Git: nothing of ours is left on record after an update, and everything is synced again', async () => {
      const manifest = inGit([100, 0])
      const space = await begin('argo-cd', manifest)
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      assert.deepEqual(weightsOf(await read(space)), [80, 20])
      assert.ok(managersOf(await read(space)).includes('penstock Update'), 'who writes is on record while it writes')
      const refused = await apply(space, manifest)
      assert.match(refused.stderr, /conflict with "penstock"/)

      await sync(space, manifest, true)
      await until(space, 'the weights to be put right', (route) => weightsOf(route).join() === '80,20')
      await space.until('the correction to name Argo CD', () => record(space).includes(ARGO_CD))

      assert.equal((await space.cli('promote', NAME)).code, 0)
      await space.untilPhase('Healthy')
      await space.until('the record of the correction to go', () => record(space) === '', 90_000)
      const left = await untilLetGo(space)
      assert.deepEqual(weightsOf(left), [100, 0])

      await sync(space, manifest)
      const again = await read(space)
      assert.deepEqual(again.spec, left.spec)
      assert.equal(again.metadata.generation, left.metadata.generation)
      await sync(space, inGit([100, 0], ['shop.example.test']))
      const changed = await read(space)
      assert.deepEqual(changed.spec.hostnames, ['shop.example.test'])
      assert.deepEqual(weightsOf(changed), [100, 0])
      await stage.passes(space, 2)
      assert.deepEqual((await read(space)).metadata.managedFields, changed.metadata.managedFields)
    })

    test('without weights in Git: what is ignored is synced as it is, and an update is let go as well', async () => {
      const space = await begin('argo-cd-ignoring', inGit(undefined))
      assert.deepEqual(weightsOf(await read(space)), [100, 0], 'the defaults of 1 and 1 are no weights of a Rollout')
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      // RespectIgnoreDifferences lays the live weights over what is in Git.
      await sync(space, inGit([80, 20], ['shop.example.test']), true)
      await stage.passes(space, 2)
      assert.equal(record(space), '', 'nothing was undone')
      assert.equal((await space.cli('abort', NAME)).code, 0)
      await until(space, 'the traffic to be back', (route) => weightsOf(route).join() === '100,0')
      const left = await untilLetGo(space)
      assert.deepEqual(left.spec.hostnames, ['shop.example.test'])
      await sync(space, inGit([100, 0], ['www.example.test']))
      assert.deepEqual((await read(space)).spec.hostnames, ['www.example.test'])
    })

    test('without ignoring: corrections become rare, a Conflict names it, and an abort is written at once', async () => {
      const manifest = inGit([30, 70])
      const space = await begin('argo-cd-fights', inGit([100, 0]))
      await space.setImage(imageOf(2))
      await space.untilPausedAt(1)
      for (let time = 1; time <= 5; time += 1) {
        await sync(space, manifest, true)
        await until(space, 'the weights to be put right', (route) => weightsOf(route).join() === '80,20')
      }
      await sync(space, manifest, true)
      const conflict = () => space.rollout().status?.conditions?.find(({ type }) => type === 'Conflict')
      await space.until('the Conflict to be told', () => conflict()?.status === 'True')
      assert.match(conflict()?.message ?? '', /^field manager "argocd-controller" of HTTPRoute ".*\/web" keeps undoing/)
      await stage.passes(space, 2)
      assert.deepEqual(weightsOf(await read(space)), [30, 70], 'what the other writes stays for now')
      const events = await space.kubectl('get', 'events', '-o', 'jsonpath={.items[*].reason}')
      assert.ok(events.stdout.includes('TrafficReversed') && events.stdout.includes('Conflict'), events.stdout)

      assert.equal((await space.cli('abort', NAME)).code, 0)
      await until(space, 'the abort to be written', (route) => weightsOf(route).join() === '100,0')
    })
  })
}
