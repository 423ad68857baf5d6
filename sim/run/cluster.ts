/**
 * A whole simulated cluster put together: API server, models, replicas of the controller, and the hands of the faults. It starts and stops things; what
 * is to happen when is the run's business.
 */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { readOutbox } from '../../controller/api/notice.ts'
import type { KubeClient, ResourceKind } from '../../controller/kube/client.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import { createApiServer } from '../../sandbox/api-server/server.ts'
import { type ControllerProcess, startController } from '../cluster/controller-process.ts'
import { customResources } from '../cluster/definitions.ts'
import type { Write } from '../cluster/kube-edge.ts'
import { openTruth, type Truth } from '../cluster/truth.ts'
import { createWatchControl, type WatchControl } from '../cluster/watch-edge.ts'
import type { World } from '../cluster/world.ts'
import { createFaultBoard, type FaultBoard } from '../faults/board.ts'
import type { Fault } from '../faults/fault.ts'
import { type Death, type Hands, strike } from '../faults/strike.ts'
import type { Told } from '../invariants/end.ts'
import type { Post } from '../invariants/invariant.ts'
import { createKernel, type Kernel } from '../kernel/kernel.ts'
import { createProcess, type SimProcess } from '../kernel/process.ts'
import { createRandom } from '../kernel/random.ts'
import { createActors } from '../models/actors.ts'
import { startEndpoints } from '../models/endpoints.ts'
import { startGateway } from '../models/gateway.ts'
import { createOutbound, type MetricReader } from '../models/outbound.ts'
import { imageOf, startPods } from '../models/pods.ts'
import type { Action } from './action.ts'
import type { Plan } from './plan.ts'
import { BAD_TAG, BROKEN_TAG } from './scenario.ts'

export interface SimCluster {
  readonly kernel: Kernel
  readonly truth: Truth
  readonly board: FaultBoard
  /** Of the world: without latency and faults. */
  readonly client: KubeClient
  act(action: Action): void
  strike(fault: Fault): void
  /** Watches of this kind that lost a line begin anew, with a list. */
  relist(plural: string): void
  /** Every fault ends; what is dead is started again. */
  heal(): void
  /** Kills a replica and starts it anew at once. */
  restart(index: number): void
  close(): Promise<void>
}

export interface ClusterHooks {
  /** Around a write that takes effect. */
  readonly onWrite: (write: Write, apply: () => Promise<unknown>) => Promise<unknown>
  readonly onStep: (label: string) => void
  readonly onNotice?: (body: string, told: Told) => void
  /** An alert has reached a receiver, whatever comes of it. */
  readonly onPost?: (post: Post) => void
  /** The receiver has answered who posted it. */
  readonly onAnswer?: (code: number) => void
  /** Instead of the error rate that `gate` asks for. */
  readonly readMetric?: MetricReader
  /** Instead of one that only the plan's faults are put on. */
  readonly makeBoard?: (kernel: Kernel, truth: Truth) => FaultBoard
}

interface Replica {
  process: SimProcess
  controller: ControllerProcess
  watches: WatchControl
  generation: number
  /** The write, counted down, at which it dies. */
  death: (Death & { writesLeft: number }) | undefined
}

/** Epoch milliseconds at virtual time 0. */
export const WALL_START_MS = Date.UTC(2026, 0, 1)
const EXIT_RESTART_MS = 1_000
/** Watch history kept by the API server. */
const EVENT_LOG_LIMIT = 20_000

const kindsByName: Readonly<Record<string, ResourceKind>> = {
  Rollout: kinds.rollouts,
  ReplicaSet: kinds.replicaSets,
  Lease: kinds.leases,
  EndpointSlice: kinds.endpointSlices,
  Service: kinds.services,
  HTTPRoute: kinds.httpRoutes,
  AnalysisTemplate: kinds.analysisTemplates,
  ClusterAnalysisTemplate: kinds.clusterAnalysisTemplates,
  Secret: kinds.secrets,
  ConfigMap: kinds.configMaps,
}

export function kindOf(object: Pick<KubeObject, 'kind'>): ResourceKind {
  const kind = kindsByName[object.kind ?? '']
  if (!kind) throw new Error(`${object.kind ?? 'an object without a kind'} cannot be part of a scenario`)
  return kind
}

export async function openCluster(plan: Plan, hooks: ClusterHooks): Promise<SimCluster> {
  const { scenario } = plan
  const readMetric: MetricReader =
    hooks.readMetric ?? ((_url, { isAskedBad }) => [isAskedBad ? 1 : readErrorRate(truth.world())])
  const random = createRandom(plan.seed).fork('run')
  const kernel = createKernel(random.fork('ties'), (label) => {
    gateway.refresh()
    hooks.onStep(label)
  })
  let uids = 0
  const suffixes = random.fork('suffixes')
  const server = createApiServer({
    clock: {
      now: () => WALL_START_MS + kernel.now(),
      setTimer: (run, delayMs) => kernel.schedule(delayMs, undefined, run),
    },
    newUid() {
      uids += 1
      return `uid-${String(uids).padStart(6, '0')}`
    },
    newSuffix: () => suffixes.bits().toString(36).padStart(5, '0').slice(-5),
    eventLogLimit: EVENT_LOG_LIMIT,
    resources: customResources(),
  })
  const truth = openTruth(server, () => kernel.now())
  const board = hooks.makeBoard?.(kernel, truth) ?? createFaultBoard(() => kernel.now())
  const client = server.client({ userAgent: 'world' })
  const model = (label: string) => ({ kernel, truth, client, board, random: random.fork(label) })
  const pods = startPods(model('pods'), {
    readyAfterMs: scenario.podReadyMs,
    isBroken: (image) => image.endsWith(BROKEN_TAG),
    wallStartMs: WALL_START_MS,
  })
  startEndpoints(model('endpoints'))
  const gateway = startGateway(model('gateway'), { lagMs: scenario.gatewayLagMs, direct: scenario.direct })

  const log = (process: SimProcess): Logger => createNoteLog(kernel, process.name)

  function start(index: number, generation: number): Replica {
    const name = `controller-${index}${generation === 0 ? '' : `.${generation}`}`
    const process = createProcess({ name, kernel, wallStartMs: WALL_START_MS + (plan.skewMs[index] ?? 0) })
    const own = random.fork(name)
    const latency = own.fork('latency')
    const watches = createWatchControl()
    kernel.note(`${name} starts`)
    const controller = startController({
      edge: {
        server,
        kernel,
        process,
        board,
        index,
        control: watches,
        latencyMs: () => (latency.chance(0.05) ? latency.between(20, 400) : latency.between(1, 12)),
        onWrite: (write, apply) => takeWrite(index, generation, write, apply),
      },
      random: own.fork('product'),
      http: createOutbound({
        kernel,
        process,
        board,
        random: own.fork('outbound'),
        readMetric,
        onNotice: (body, isAnswered) => hooks.onNotice?.(body, readTold(body, name, isAnswered)),
      }),
      log: log(process),
      elects: plan.processes > 1,
      onExit: () => {
        kernel.note(`${name} exits: the lease was lost`)
        die(index, EXIT_RESTART_MS)
      },
    })
    return { process, controller, watches, generation, death: undefined }
  }

  /** A message as the sink gets it, with what the Rollout says of it at that moment. */
  function readTold(body: string, by: string, isAnswered: boolean): Told {
    const { id, kind, podHash } = JSON.parse(body) as Pick<Told, 'id' | 'kind' | 'podHash'>
    const rollout = truth.world().rollouts.get(scenario.rollout.metadata.name)
    const notice = readOutbox(rollout?.metadata.annotations).find((one) => one.id === id)
    const markedMs = notice?.deliveredAt === undefined ? undefined : Date.parse(notice.deliveredAt) - WALL_START_MS
    const atMs = kernel.now()
    return {
      id,
      kind,
      podHash,
      by,
      atMs,
      isAnswered,
      ...(markedMs === undefined ? {} : { markedForMs: atMs - markedMs }),
    }
  }

  function takeWrite(index: number, generation: number, write: Write, apply: () => Promise<unknown>) {
    const replica = replicas[index]
    if (replica?.generation !== generation || !replica.death) return hooks.onWrite(write, apply)
    const { death } = replica
    death.writesLeft -= 1
    if (death.writesLeft > 0) return hooks.onWrite(write, apply)
    replica.death = undefined
    kernel.note(
      `${write.by} dies at ${write.verb} ${write.plural}/${write.name}, ${death.applied ? 'applied' : 'lost'}`,
    )
    die(index, death.restartAfterMs)
    return death.applied ? hooks.onWrite(write, apply) : 'lost'
  }

  function die(index: number, restartAfterMs: number): void {
    const replica = replicas[index]
    if (!replica?.process.isAlive()) return
    const { process, watches, generation } = replica
    process.kill()
    kernel.note(`${process.name} is dead`)
    for (const watch of watches.list()) watch.end('broken')
    kernel.schedule(restartAfterMs, undefined, () => {
      if (replicas[index]?.generation === generation) replicas[index] = start(index, generation + 1)
    })
  }

  function stop(index: number, restartAfterMs: number): void {
    const replica = replicas[index]
    if (!replica?.process.isAlive()) return
    kernel.note(`${replica.process.name} is asked to end`)
    void replica.controller.stop().then(() => {
      if (replicas[index] === replica) die(index, restartAfterMs)
    })
  }

  const hands: Hands = {
    board,
    pods,
    compact: () => server.compact(),
    watches: (plural, only) =>
      replicas.flatMap(({ watches }, index) => (only === undefined || only === index ? watches.list(plural) : [])),
    processOf: (index) => replicas[index]?.process,
    kill: die,
    stop,
    killAtWrite(index, death) {
      const replica = replicas[index]
      if (replica) replica.death = { ...death, writesLeft: death.atWrite }
    },
  }

  await createObjects()
  const replicas: Replica[] = []
  for (let index = 0; index < plan.processes; index += 1) replicas.push(start(index, 0))
  const act = createActors({
    ...model('actors'),
    scenario,
    wallStartMs: WALL_START_MS,
    onPost: hooks.onPost ?? (() => {}),
    postAlert(posted, answer) {
      const { process, controller } = replicas[random.between(0, replicas.length - 1)] ?? {}
      process?.deliver(5, 'gets an alert', () =>
        controller?.postAlert(posted, (code) => {
          hooks.onAnswer?.(code)
          answer(code)
        }),
      )
    },
  })

  async function createObjects(): Promise<void> {
    const { namespace: name } = scenario.rollout.metadata
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject
    if (!(await client.get(kinds.refOf(kinds.namespaces, namespace)))) await client.create(kinds.namespaces, namespace)
    for (const object of scenario.objects) await client.create(kindOf(object), object)
    await client.create(kinds.rollouts, scenario.rollout)
  }

  /** A line that was lost for good shows at the next list: the API server makes every watch begin anew. */
  function relist(plural: string | undefined): void {
    for (const watch of hands.watches(plural)) if (watch.hasLost()) watch.end('gone')
  }

  return {
    kernel,
    truth,
    board,
    relist,
    client,
    act,
    strike: (fault) => strike(fault, hands),
    heal() {
      board.heal()
      relist(undefined)
      for (const replica of replicas) replica.death = undefined
    },
    restart: (index) => die(index, 100),
    async close() {
      for (const { process } of replicas) process.kill()
      await server.close()
    },
  }
}

/** Share of failed requests among all: what the query of `gate` asks for. */
function readErrorRate({ replicaSets, dataPlane: { serving } }: World): number {
  const isBad = [...replicaSets.values()].some(
    (rs) =>
      serving.has(rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? '') && imageOf(rs.spec.template.spec).endsWith(BAD_TAG),
  )
  return isBad ? 0.4 : 0
}

/** What the controller says at warning or above is part of the story. */
function createNoteLog(kernel: Kernel, name: string): Logger {
  const say =
    (level: string) =>
    (message: string, fields: { readonly reason?: string; readonly error?: unknown } = {}): void => {
      const { reason = '', error } = fields
      kernel.note(`${name} ${level} ${reason}: ${message}${error instanceof Error ? `: ${error.message}` : ''}`)
    }
  const quiet = (): void => {}
  const log: Logger = { debug: quiet, info: quiet, warn: say('warns'), error: say('fails'), child: () => log }
  return log
}
