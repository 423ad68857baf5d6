/**
 * Decides from a pod's manifest alone how its containers behave: which rule makes one fail, how long it takes to start and to
 * become ready, whether it is a real process. Annotations win over images, images over commands. No clock, no I/O.
 *
 * | what the manifest says                                      | behaviour                                    |
 * |-------------------------------------------------------------|----------------------------------------------|
 * | annotation that cannot be read                              | waits, CreateContainerConfigError            |
 * | annotation `waiting: R`                                     | waits with reason R                          |
 * | annotation `fail-after-ms` / `succeed-after-ms`             | exits with 1 / 0 after that time             |
 * | annotation `command`, or image under process.penstock.dev/  | a real process                               |
 * | image `*-argo-error`, `*does-not-exist*`, tag `error`       | waits, ImagePullBackOff                      |
 * | command `/bad-command*`                                     | CrashLoopBackOff, never started              |
 * | command that reads as a script                              | exits as the script says                     |
 * | otherwise                                                   | runs, ready after its delays                 |
 */
import type { Container, LifecycleHandler, Pod } from './objects.ts'
import { expandReferences } from './processes/container-env.ts'
import { parseSleepMs, readScript } from './shell-script.ts'

export const ANNOTATION_PREFIX = 'sandbox.penstock.dev/'
export const PROCESS_IMAGE_PREFIX = 'process.penstock.dev/'

export interface PodDelays {
  /** Bound to containers running. */
  readonly startMs: number
  /** Running to ready, on top of the probe's initial delay. */
  readonly readyMs: number
  /** SIGTERM to exit of a container that is not a process. */
  readonly terminateMs: number
}

export const defaultPodDelays: PodDelays = { startMs: 500, readyMs: 1000, terminateMs: 1000 }
export const noPodDelays: PodDelays = { startMs: 0, readyMs: 0, terminateMs: 0 }

export type ContainerBehaviour =
  | { readonly kind: 'serve'; readonly startMs: number; readonly readyMs: number | 'never' }
  | {
      readonly kind: 'exit'
      readonly startMs: number
      readonly readyMs: number | 'never'
      readonly afterMs: number
      readonly exitCode: number
    }
  | {
      readonly kind: 'wait'
      readonly startMs: number
      readonly reason: string
      readonly message: string
      readonly startFailed: boolean
    }
  | {
      readonly kind: 'process'
      readonly argv: readonly string[]
      /** Annotation `ready: false` wins over the probe. */
      readonly heldUnready: boolean
    }

export type SimulatedBehaviour = Exclude<ContainerBehaviour, { kind: 'process' }>

export interface PodBehaviour<B extends ContainerBehaviour = ContainerBehaviour> {
  readonly containers: readonly { readonly name: string; readonly behaviour: B }[]
  readonly preStopMs: number
  /** Upper bound on termination; the deletion's own grace if there is one. */
  readonly graceMs: number
  readonly terminateMs: number
}

const LONGEST_DELAY_MS = 24 * 3_600_000
const DEFAULT_GRACE_SECONDS = 30

class UnreadableAnnotation extends Error {}

const annotationOf = (pod: Pod, name: string): string | undefined =>
  pod.metadata.annotations?.[`${ANNOTATION_PREFIX}${name}`]

function readDelayMs(pod: Pod, name: string): number | undefined {
  const text = annotationOf(pod, name)
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text) && Number(text) <= LONGEST_DELAY_MS) return Number(text)
  throw new UnreadableAnnotation(`annotation ${ANNOTATION_PREFIX}${name}: expected whole milliseconds, got "${text}"`)
}

function readBoolean(pod: Pod, name: string): boolean | undefined {
  const text = annotationOf(pod, name)
  if (text === undefined) return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  throw new UnreadableAnnotation(`annotation ${ANNOTATION_PREFIX}${name}: expected "true" or "false", got "${text}"`)
}

/** The argument vector of annotation `command`: a JSON list of strings; an empty list means the container's own command. */
function readCommand(pod: Pod): readonly string[] | undefined {
  const text = annotationOf(pod, 'command')
  if (text === undefined) return undefined
  const problem = `annotation ${ANNOTATION_PREFIX}command: expected a JSON list of strings such as ["node","app.js"]`
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new UnreadableAnnotation(problem)
  }
  if (!Array.isArray(value) || !value.every((part) => typeof part === 'string')) throw new UnreadableAnnotation(problem)
  return value
}

/** Time a lifecycle hook takes: only sleeping hooks take any. */
export function readHookMs(handler: LifecycleHandler | undefined): number {
  if (handler?.sleep) return Math.max(0, handler.sleep.seconds) * 1000
  const [program, ...args] = handler?.exec?.command ?? []
  if (program === undefined) return 0
  return (program === 'sleep' ? parseSleepMs(args[0]) : readScript([program, ...args])?.afterMs) ?? 0
}

const tagOf = (image: string): string | undefined => /:([\w.-]+)(?:@.*)?$/.exec(image)?.[1]

const isUnpullable = (image: string): boolean =>
  image.endsWith('-argo-error') || image.includes('does-not-exist') || tagOf(image) === 'error'

const waiting = (startMs: number, reason: string, message: string, startFailed = false): ContainerBehaviour => ({
  kind: 'wait',
  startMs,
  reason,
  message,
  startFailed,
})

interface Steering {
  readonly waiting: string | undefined
  readonly failAfterMs: number | undefined
  readonly succeedAfterMs: number | undefined
  readonly command: readonly string[] | undefined
  readonly ready: boolean | undefined
  readonly readyDelayMs: number | undefined
}

const readSteering = (pod: Pod): Steering => ({
  waiting: annotationOf(pod, 'waiting'),
  failAfterMs: readDelayMs(pod, 'fail-after-ms'),
  succeedAfterMs: readDelayMs(pod, 'succeed-after-ms'),
  command: readCommand(pod),
  ready: readBoolean(pod, 'ready'),
  readyDelayMs: readDelayMs(pod, 'ready-delay-ms'),
})

function decideContainer(
  container: Container,
  isFirst: boolean,
  steering: Steering,
  delays: PodDelays,
): ContainerBehaviour {
  const image = container.image ?? ''
  const argv = [...(container.command ?? []), ...(container.args ?? [])]
  const startMs = delays.startMs + readHookMs(container.lifecycle?.postStart)
  const probeMs = (container.readinessProbe?.initialDelaySeconds ?? 0) * 1000
  const heldUnready = steering.ready === false
  const readyMs = heldUnready ? 'never' : (steering.readyDelayMs ?? delays.readyMs) + probeMs
  const exit = (afterMs: number, exitCode: number): ContainerBehaviour => ({
    kind: 'exit',
    startMs,
    readyMs,
    afterMs,
    exitCode,
  })

  if (steering.waiting !== undefined) return waiting(startMs, steering.waiting, 'held by annotation')
  if (steering.failAfterMs !== undefined) return exit(steering.failAfterMs, 1)
  if (steering.succeedAfterMs !== undefined) return exit(steering.succeedAfterMs, 0)
  if (steering.command !== undefined && isFirst) {
    return { kind: 'process', argv: steering.command.length > 0 ? steering.command : argv, heldUnready }
  }
  if (image.startsWith(PROCESS_IMAGE_PREFIX)) return { kind: 'process', argv, heldUnready }
  if (isUnpullable(image)) return waiting(startMs, 'ImagePullBackOff', `Back-off pulling image "${image}"`)
  if (argv[0]?.startsWith('/bad-command')) {
    return waiting(startMs, 'CrashLoopBackOff', `back-off restarting failed container=${container.name}`, true)
  }
  // Values that the pod does not spell out stay references, which no script is read with.
  const plain = (container.env ?? []).filter(({ valueFrom }) => valueFrom === undefined)
  const env = Object.fromEntries(plain.map(({ name, value = '' }) => [name, value]))
  const script = readScript(argv.map((part) => expandReferences(part, env)))
  return script ? exit(script.afterMs, script.exitCode) : { kind: 'serve', startMs, readyMs }
}

const readGraceMs = (pod: Pod): number =>
  (pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000

/** How the node treats `pod`; an annotation it cannot read makes every container wait and say which one it is. */
export function decideBehaviour(pod: Pod, delays: PodDelays): PodBehaviour {
  const preStopMs = Math.max(0, ...pod.spec.containers.map((container) => readHookMs(container.lifecycle?.preStop)))
  const graceMs = readGraceMs(pod)
  try {
    const steering = readSteering(pod)
    const containers = pod.spec.containers.map((container, index) => ({
      name: container.name,
      behaviour: decideContainer(container, index === 0, steering, delays),
    }))
    return { containers, preStopMs, graceMs, terminateMs: readDelayMs(pod, 'terminate-delay-ms') ?? delays.terminateMs }
  } catch (error) {
    if (!(error instanceof UnreadableAnnotation)) throw error
    const behaviour = waiting(0, 'CreateContainerConfigError', error.message)
    const containers = pod.spec.containers.map(({ name }) => ({ name, behaviour }))
    return { containers, preStopMs, graceMs, terminateMs: delays.terminateMs }
  }
}

/** For a node that runs no processes: every process becomes a simulated server. */
export function simulateProcesses(pod: PodBehaviour, delays: PodDelays): PodBehaviour<SimulatedBehaviour> {
  const containers = pod.containers.map(({ name, behaviour }) => ({
    name,
    behaviour:
      behaviour.kind === 'process'
        ? { kind: 'serve' as const, startMs: delays.startMs, readyMs: delays.readyMs }
        : behaviour,
  }))
  return { ...pod, containers }
}
