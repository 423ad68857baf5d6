/** What the commands need from the outside, as ports: tests pass fakes, `main.ts` builds the real ones. Types only. */
import type { KubeObject } from '../controller/api/meta.ts'
import type { KubeClient } from '../controller/kube/client.ts'
import type { Clock } from '../controller/runtime/clock.ts'
import type { ClosableHttpTransport } from '../controller/runtime/http-transport.ts'
import type { Picture } from './cluster/picture.ts'
import type { Forecast } from './cluster/plan.ts'
import type { Problem } from './lint/problem.ts'
import type { Simulator } from './simulate/simulator.ts'
import type { Terminal } from './terminal.ts'

export interface ConnectOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

export interface Connection {
  readonly client: KubeClient
  /** The one asked for, else the context's, else `default`. */
  readonly namespace: string
  close(): Promise<void>
}

/** By kind; a kind without an entry is not ours. Called with objects of any shape that have metadata, and with those that come with them. */
export type Validators = Readonly<
  Record<string, (object: KubeObject, others?: readonly KubeObject[]) => readonly Problem[]>
>

export interface CliDeps {
  readonly terminal: Terminal
  readonly clock: Clock
  /** Ends waits and watches (Ctrl-C). */
  readonly signal: AbortSignal
  /** Called only by commands that need the API server: loading the client takes longer than everything else. */
  connect(options: ConnectOptions): Promise<Connection>
  /** What a path stands for: itself, or of a directory its `.yaml`, `.yml` and `.json` files by name, as for kubectl. Rejects with a sentence. */
  listFiles(path: string): Promise<readonly string[]>
  /** The text of a file; `-` is standard input. Rejects with a sentence. */
  readText(path: string): Promise<string>
  /** Writes a whole file; `-` is standard output. Rejects with a sentence. */
  writeText(path: string, text: string): Promise<void>
  /** For everything that is not the API server; the caller closes it. */
  openHttp(): Promise<ClosableHttpTransport>
  /** Rejects with a sentence where it was not built in. */
  loadSimulator(): Promise<Simulator>
  /** Shape and rules; loaded only by `lint`. */
  loadValidators(): Promise<Validators>
  /** The controller's own next decision for this picture, in lines. Reads only. */
  tellPlan(client: KubeClient, picture: Picture): Promise<readonly string[]>
  /** What its first passes would do with every Rollout of a namespace. Reads only; throws KubeError when it may not. */
  forecast(client: KubeClient, namespace: string, atMs: number): Promise<readonly Forecast[]>
}
