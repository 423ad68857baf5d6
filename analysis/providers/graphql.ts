/** An answer of a GraphQL API: its data, or the first error in one sentence. It must not know the query. */
import { z } from 'zod'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import type { HttpResponse } from '../../controller/runtime/http.ts'
import { DEEPEST_DOCUMENT, isDeeperThan, readJson } from './json-answer.ts'
import { boundText } from './provider.ts'

const answerSchema = z.looseObject({
  data: z.unknown().optional(),
  errors: z.array(z.looseObject({ message: z.string().optional() })).nullish(),
})

export type GraphqlAnswer = { readonly data: Value } | { readonly problem: string }

/** `isHarmless` tells messages that come with good data, such as notes about fields that are deprecated. */
export function readGraphql(
  response: HttpResponse,
  isHarmless: (message: string) => boolean = () => false,
): GraphqlAnswer {
  const document = readJson(response.body)
  const parsed = answerSchema.safeParse(document)
  const isOk = response.status >= 200 && response.status < 300
  if (!parsed.success || document === undefined)
    return { problem: isOk ? 'the answer is not that of a GraphQL API' : `HTTP ${response.status}` }
  const messages = (parsed.data.errors ?? []).map(({ message }) => message ?? 'an error without a message')
  const [first] = messages.filter((message) => !isHarmless(message))
  if (first !== undefined) return { problem: boundText(first) }
  if (!isOk) return { problem: `HTTP ${response.status}` }
  if (isDeeperThan(document, DEEPEST_DOCUMENT))
    return { problem: `the answer nests deeper than ${DEEPEST_DOCUMENT} levels` }
  return { data: (parsed.data.data ?? null) as Value }
}
