/**
 * The registry behind /healthz and /readyz: each component says in one sentence what is wrong with it, or nothing. Liveness is
 * for what only a restart repairs; everything else is readiness.
 */
export type Check = () => string | undefined

export interface Health {
  addLiveness(name: string, check: Check): void
  addReadiness(name: string, check: Check): void
  judgeLiveness(): HealthReport
  /** Ready means alive as well. */
  judgeReadiness(): HealthReport
}

export interface HealthReport {
  readonly ok: boolean
  /** One line per failing check: `name: what is wrong`. */
  readonly failures: readonly string[]
}

export function createHealth(): Health {
  const liveness = new Map<string, Check>()
  const readiness = new Map<string, Check>()
  return {
    addLiveness: (name, check) => void liveness.set(name, check),
    addReadiness: (name, check) => void readiness.set(name, check),
    judgeLiveness: () => judge([...liveness]),
    judgeReadiness: () => judge([...liveness, ...readiness]),
  }
}

function judge(checks: readonly (readonly [string, Check])[]): HealthReport {
  const failures: string[] = []
  for (const [name, check] of checks) {
    const wrong = runCheck(check)
    if (wrong !== undefined) failures.push(`${name}: ${wrong}`)
  }
  return { ok: failures.length === 0, failures }
}

function runCheck(check: Check): string | undefined {
  try {
    return check()
  } catch (error) {
    return `the check itself failed: ${error instanceof Error ? error.message : String(error)}`
  }
}
