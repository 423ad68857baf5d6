/**
 * A metric's query with the two versions left open: for a release that happened they are put in as they were; where one version plays both, the canary's
 * pods are set apart in every selector that names a version. Pure.
 */
import { parser } from '@prometheus-io/lezer-promql'
import { addMatchers, quoteRegex } from '../../controller/metric-language/gate-selector.ts'
import { CANARY, STABLE } from './policy.ts'

export interface QueryArms {
  readonly canary: string
  readonly stable: string
  /** Where both are the same version: the pods that play the canary, by the label that names pods. */
  readonly dealt?: { readonly label: string; readonly canary: readonly string[] }
}

export interface VersionedQuery {
  readonly selectors: readonly QuerySelector[]
  render(arms: QueryArms): string
}

export interface QuerySelector {
  /** Without its name it is undefined: `{__name__=~"a|b"}`. */
  readonly metric: string | undefined
  /** That series have to have. */
  readonly labels: readonly string[]
  readonly namesVersion: boolean
  /** The same of every version, where a label of its own names it. */
  readonly ofAll: { readonly selector: string; readonly label: string } | undefined
  render(arms: QueryArms): string
}

/** The query must read well. */
export function readVersionedQuery(query: string): VersionedQuery {
  const parts: { readonly from: number; readonly to: number; readonly selector: QuerySelector }[] = []
  const cursor = parser.parse(query).cursor()
  do {
    if (cursor.name !== 'VectorSelector') continue
    const { from, to, node } = cursor
    const nodes = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
    const matchers = nodes.map((matcher) => query.slice(matcher.from, matcher.to))
    const name = node.getChild('Identifier')
    const metric = name === null ? undefined : query.slice(name.from, name.to)
    parts.push({ from, to, selector: createSelector(query.slice(from, to), metric, matchers) })
  } while (cursor.next())
  return {
    selectors: parts.map(({ selector }) => selector),
    render(arms) {
      let [text, at] = ['', 0]
      for (const { from, to, selector } of parts) {
        text += `${putVersions(query.slice(at, from), arms)}${selector.render(arms)}`
        at = to
      }
      return text + putVersions(query.slice(at), arms)
    },
  }
}

/** A matcher that an absent label cannot meet. */
function readRequiredLabel(matcher: string): readonly string[] {
  const [, label = '', operator, value = ''] = /^\s*(\w+)\s*(=~|!=|!~|=)\s*(.*)$/s.exec(matcher) ?? []
  const isEmpty = value.length <= 2
  return (operator === '=' || operator === '=~') !== isEmpty ? [label] : []
}

function createSelector(text: string, metric: string | undefined, matchers: readonly string[]): QuerySelector {
  const [namesCanary, namesStable] = [text.includes(CANARY), text.includes(STABLE)]
  return {
    metric,
    labels: matchers.flatMap(readRequiredLabel),
    namesVersion: namesCanary || namesStable,
    ofAll: openVersion(text, matchers),
    render(arms) {
      const named = putVersions(text, arms)
      // One that names both counts both.
      if (arms.dealt === undefined || namesCanary === namesStable) return named
      const { label, canary } = arms.dealt
      return addMatchers(named, [{ label, op: namesCanary ? '=~' : '!~', value: canary.map(quoteRegex).join('|') }])
    },
  }
}

/** A matcher of one version becomes one of all that there are. */
function openVersion(text: string, matchers: readonly string[]): QuerySelector['ofAll'] {
  for (const matcher of matchers) {
    const [, label = '', value] = /^\s*(\w+)\s*=~?\s*["'`](.*)["'`]\s*$/s.exec(matcher) ?? []
    if (value === CANARY || value === STABLE) return { selector: text.replace(matcher, `${label}!=""`), label }
  }
  return undefined
}

const putVersions = (text: string, { canary, stable }: QueryArms): string =>
  text.replaceAll(CANARY, canary).replaceAll(STABLE, stable)
