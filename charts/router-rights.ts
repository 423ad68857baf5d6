/**
 * What each router needs to be allowed, from the registry, for the chart to grant per enabled router; and the ids that its values may name. It
 * renders only: `generate.ts` writes, a test compares.
 */
import { stringify } from 'yaml'
import { defaultRouterIds } from '../controller/api/enabled-routers.ts'
import { type RouterId, routerIds } from '../controller/api/router-capabilities.ts'
import { isOutside } from '../controller/traffic/outside.ts'
import { routerRegistry } from '../controller/traffic/registry.ts'

const HEADER = '# Generated from controller/traffic by `npm run generate`; a test fails when it differs. Do not edit.\n'

export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** One rule for each group and set of verbs; nothing for what lives outside the cluster. */
export function rightsOf(id: RouterId): readonly Rule[] {
  const rules = new Map<string, Rule>()
  const watches = routerRegistry[id].watches.filter(({ kind }) => !isOutside(kind))
  for (const { kind, verbs } of watches.toSorted((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1))) {
    const all = ['get', 'list', 'watch', ...verbs]
    const key = `${kind.group} ${all.join()}`
    const resources = [...(rules.get(key)?.resources ?? []), kind.plural]
    rules.set(key, { apiGroups: [kind.group], resources, verbs: all })
  }
  return [...rules].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule)
}

const sorted = (ids: readonly RouterId[]): readonly RouterId[] => [...ids].sort((a, b) => (a < b ? -1 : 1))

/** `files/routers.yaml`: the routers of the value `default`, and the rights of each. */
export const renderRouterRights = (): string =>
  HEADER +
  stringify(
    {
      defaults: sorted(defaultRouterIds),
      rights: Object.fromEntries(sorted(routerIds).map((id) => [id, rightsOf(id)])),
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  )

const ENUM = /("routerId": \{\s*"enum": \[)[^\]]*(\])/

/** `values.schema.json` with the ids that there are. Throws when it has lost the place for them. */
export function renderSchema(text: string): string {
  if (!ENUM.test(text)) throw new Error('values.schema.json has no $defs.routerId with an enum')
  const ids = sorted(routerIds).map((id) => `\n        ${JSON.stringify(id)}`)
  return text.replace(ENUM, (_, before: string, after: string) => `${before}${ids.join(',')}\n      ${after}`)
}
