/** The flags that commands share, read into one typed shape. */
import type { Command } from 'commander'
import { CliError } from './cli-error.ts'
import type { CliDeps, Connection } from './deps.ts'

export interface CommonOptions {
  readonly namespace?: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly json?: boolean
  readonly color?: boolean
}

export const withOutputOptions = (command: Command): Command =>
  command
    .option('--json', 'print one JSON document as the last line of standard output')
    .option('--no-color', 'no colours (also with NO_COLOR set, or when the output is no terminal)')

export const withClusterOptions = (command: Command): Command =>
  withOutputOptions(command)
    .option('-n, --namespace <name>', "namespace; the context's when absent")
    .option('--kubeconfig <file>', 'kubeconfig file; KUBECONFIG or ~/.kube/config when absent')
    .option('--context <name>', 'context of the kubeconfig; the current one when absent')

/** Runs `action` with an open connection and closes it whatever happens. */
export async function withConnection<T>(
  deps: CliDeps,
  options: CommonOptions,
  action: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await deps.connect(options)
  try {
    return await action(connection)
  } finally {
    await connection.close()
  }
}

/** Writes the `--json` document. */
export const sendJson = (deps: CliDeps, value: unknown): void => deps.terminal.out(`${JSON.stringify(value)}\n`)

/** `90s`, `5m`, `1h30m`, or bare seconds; milliseconds. */
export async function parseTimeout(text: string): Promise<number> {
  const { parseDurationMs } = await import('../controller/api/scalars.ts')
  const ms = parseDurationMs(text)
  if (ms === undefined || ms < 0)
    throw new CliError(`--timeout "${text}" is not a time; write for example 90s or 5m`, 2)
  return ms
}
