/**
 * When a container that exited is started again: at once the first time, then after 10 s, doubling to 5 minutes, and from
 * the beginning again once a run has lasted ten minutes. Pure arithmetic; it starts nothing.
 */
export interface RestartRule {
  readonly firstMs: number
  readonly maxMs: number
  /** A run at least this long is taken for healthy. */
  readonly resetAfterMs: number
}

export const kubernetesRestartRule: RestartRule = { firstMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 }

/** Milliseconds between an exit and the next start; `failures` counts the exits in a row before this one. */
export const restartDelayMs = (failures: number, rule: RestartRule = kubernetesRestartRule): number =>
  failures <= 0 ? 0 : Math.min(rule.firstMs * 2 ** Math.min(failures - 1, 30), rule.maxMs)

/** restartPolicy read as Kubernetes does: absent means Always. */
export const isRestarted = (restartPolicy: string | undefined, exitCode: number): boolean => {
  if (restartPolicy === 'Never') return false
  return restartPolicy === 'OnFailure' ? exitCode !== 0 : true
}
