/**
 * How a command ends. 0: done, or the answer is good. 1: the answer is bad (degraded, refused, not found, problems found, server gone).
 * 2: the command line itself is wrong.
 */
export type ExitCode = 0 | 1 | 2

/** A failure told to the user in one sentence: what is missing and how to get it. */
export class CliError extends Error {
  readonly exitCode: ExitCode
  constructor(message: string, exitCode: ExitCode = 1, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}
