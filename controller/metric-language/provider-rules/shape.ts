/** Rules that several providers share: the shape of a configuration, addresses. */
import type { z } from 'zod'
import { type AnalysisProblem, hasPlaceholder, when } from '../problem.ts'

/** What is wrong with the configuration of one provider; `path` is its place within the spec. */
export type ProviderRule = (config: unknown, path: string) => readonly AnalysisProblem[]

/** Checks the shape, then what the shape cannot say. Fields whose text holds arguments are left for the run. */
export const ruleOf =
  <Config>(
    schema: z.ZodType<Config>,
    check: (config: Config, path: string) => readonly AnalysisProblem[] = () => [],
  ): ProviderRule =>
  (config, path) => {
    const parsed = schema.safeParse(config)
    if (parsed.success) return check(parsed.data, path)
    return parsed.error.issues
      .filter((issue) => !hasPlaceholder(String(issue.path.reduce(pick, config))))
      .map((issue) => ({ field: [path, ...issue.path.map(String)].join('.'), message: issue.message }))
  }

const pick = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

export function checkAddress(address: string | undefined, field: string): readonly AnalysisProblem[] {
  if (!address || hasPlaceholder(address)) return []
  const isHttp = /^https?:\/\/[^\s/]+/.test(address)
  return when(!isHttp, field, `"${address}" is not an http or https URL`)
}
