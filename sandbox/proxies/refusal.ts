/**
 * Whose line it is that a proxy does not take. The renderers put the object's name in a comment above its lines, and another comment above those that
 * are nobody's, so that one tenant's mistake can be left out and told instead of keeping everybody's changes from being served.
 */
import type { KubeObject } from '../../controller/api/meta.ts'

export class ConfigRefusal extends Error {
  /** `namespace/name` of the object above whose lines the proxy stumbled; undefined when it is nobody's. */
  readonly owner: string | undefined

  constructor(message: string, owner: string | undefined) {
    super(message)
    this.owner = owner
  }
}

/** @param said one line of the proxy about the file `file`, with the number of a line in it behind its name */
export function explainRefusal(config: string, file: string, said: string): ConfigRefusal {
  const [before = '', after = ''] = said.split(`${file}:`)
  const line = Number.parseInt(after, 10) || 0
  const above = config
    .split('\n')
    .slice(0, Math.max(0, line - 1))
    .reverse()
  const comment = above.find((text) => /^\s*#/.test(text)) ?? ''
  const owner = /^\s*# ([a-z0-9.-]+\/[a-z0-9.-]+)/.exec(comment)?.[1]
  return new ConfigRefusal(line === 0 ? said : `${before}line ${after}`, owner)
}

export interface RefusedObjects {
  /** What was said of exactly this version of the object; undefined when it was not refused. */
  find(object: KubeObject): string | undefined
  /** Takes note of a refusal. False when it is the fault of none of `objects`, or noted already: nothing would be won by leaving it out. */
  note(error: unknown, objects: readonly KubeObject[]): boolean
}

/** @param versionOf changes when somebody changes what the proxy reads of the object */
export function createRefusedObjects(versionOf: (object: KubeObject) => string): RefusedObjects {
  const refused = new Map<string, { readonly version: string; readonly message: string }>()
  const nameOf = ({ metadata }: KubeObject): string => `${metadata.namespace}/${metadata.name}`
  const find: RefusedObjects['find'] = (object) => {
    const entry = refused.get(nameOf(object))
    return entry?.version === versionOf(object) ? entry.message : undefined
  }
  return {
    find,
    note(error, objects) {
      const culprit =
        error instanceof ConfigRefusal ? objects.find((object) => nameOf(object) === error.owner) : undefined
      if (!(error instanceof ConfigRefusal) || !culprit || find(culprit) !== undefined) return false
      refused.set(nameOf(culprit), { version: versionOf(culprit), message: error.message })
      return true
    },
  }
}
