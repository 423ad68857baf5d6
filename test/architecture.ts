/**
 * The rules of the code's structure as data and as pure checks over (path, text) pairs, so that the rules themselves can be tested with made-up
 * files. Which files exist is the caller's business.
 */
import { dirname, join, normalize } from 'node:path/posix'

export type Sources = Readonly<Record<string, string>>

/**
 * What a folder may import, by path prefix; the longest matching prefix on the left decides. A folder may always import itself.
 * `api ← metric-language, argo ← domain ← reconcile`; adapters see ports; `main.ts` sees everything that is product.
 */
const layers: Readonly<Record<string, readonly string[]>> = {
  'controller/api/': [],
  'controller/runtime/': ['controller/api/'],
  'controller/metric-language/': ['controller/api/'],
  'controller/argo/': ['controller/api/'],
  'controller/domain/': ['controller/api/', 'controller/argo/', 'controller/metric-language/'],
  'controller/kube/': ['controller/api/', 'controller/runtime/'],
  'controller/traffic/': [
    'controller/api/',
    'controller/kube/client.ts',
    'controller/kube/kinds.ts',
    'controller/kube/label-selector.ts',
  ],
  'controller/notify/': ['controller/api/', 'controller/kube/', 'controller/runtime/'],
  'controller/step-plugins/': [
    'controller/api/',
    'controller/kube/',
    'controller/metric-language/',
    'controller/runtime/',
  ],
  'controller/reconcile/': [
    'controller/api/',
    'controller/argo/',
    'controller/domain/',
    'controller/kube/',
    'controller/runtime/',
    'controller/traffic/router.ts',
    'controller/traffic/registry.ts',
    'controller/traffic/outside.ts',
  ],
  // Plans played forward in memory; the controller itself never does.
  'controller/small-world/': ['controller/api/', 'controller/domain/', 'controller/reconcile/pods.ts'],
  // Stores of objects that no API server holds, one folder or file for each system.
  'controller/outside/': [
    'controller/api/',
    'controller/kube/client.ts',
    'controller/kube/kinds.ts',
    'controller/runtime/',
    'controller/traffic/consul-kv/key.ts',
    'controller/traffic/outside.ts',
    'controller/traffic/router.ts',
  ],
  'controller/rollout-controller.ts': ['controller/kube/', 'controller/reconcile/', 'controller/runtime/'],
  'controller/experiment-controller.ts': ['controller/kube/', 'controller/reconcile/', 'controller/runtime/'],
  'controller/config.ts': ['controller/api/', 'controller/notify/settings.ts'],
  'controller/assembly.ts': ['controller/', 'analysis/'],
  'controller/main.ts': ['controller/', 'analysis/', 'webhooks/'],
  'analysis/domain/': ['controller/api/', 'controller/metric-language/'],
  'analysis/providers/': [
    'controller/api/',
    'controller/kube/any-object.ts',
    'controller/kube/client.ts',
    'controller/metric-language/',
    'controller/runtime/',
    'analysis/domain/',
  ],
  'analysis/reconcile/': [
    'controller/api/',
    'controller/kube/',
    'controller/runtime/',
    'controller/metric-language/',
    'analysis/domain/',
    'analysis/providers/',
  ],
  'webhooks/': ['controller/api/', 'controller/argo/', 'controller/kube/', 'controller/runtime/'],
  'cli/': [
    'controller/api/',
    'controller/argo/',
    'controller/kube/',
    'controller/runtime/',
    'controller/metric-language/',
    'controller/domain/validation/',
    'controller/domain/revisions.ts',
    'controller/traffic/check-configs.ts',
    'controller/traffic/check-routes.ts',
    // Verdicts are replayed and policies backtested with the code that gives them.
    'analysis/domain/',
    'analysis/providers/',
  ],
  // A Rollout's steps become AnalysisRuns as the controller makes them.
  'cli/backtest/': [
    'cli/cli-error.ts',
    'cli/deps.ts',
    'cli/options.ts',
    'cli/terminal.ts',
    'controller/api/',
    'controller/domain/analysis/',
    'controller/metric-language/',
    'controller/runtime/',
    'analysis/domain/',
    'analysis/providers/',
  ],
  // The real decision, played forward.
  'cli/plan/': [
    'cli/terminal.ts',
    'cli/view/',
    'controller/api/',
    'controller/argo/',
    'controller/domain/',
    'controller/metric-language/',
    'controller/small-world/',
    'analysis/domain/',
    'analysis/providers/gate/stage.ts',
  ],
  // The real decision, asked by `penstock explain`.
  'cli/cluster/plan.ts': ['controller/', 'cli/cluster/picture.ts'],
  'sandbox/': ['controller/', 'analysis/', 'webhooks/', 'cli/', 'charts/'],
  // The shipped controller in a world of its own. The API server is the sandbox's; nothing that ships imports this.
  'sim/': ['controller/', 'analysis/', 'webhooks/', 'sandbox/api-server/', 'sandbox/manifests.ts'],
  // The simulator for users: it keeps the CLI's contract, and nothing else of the CLI is its business.
  'sim/user/': ['sim/', 'cli/simulate/simulator.ts', 'controller/', 'analysis/'],
  // Mutants are caught by tests as well as by seeds.
  'sim/mutants/': ['sim/', 'test/', 'controller/', 'analysis/', 'webhooks/'],
  'charts/': ['controller/api/', 'controller/traffic/outside.ts', 'controller/traffic/registry.ts'],
}

/**
 * What may be imported besides, and only when it is needed: code that ships with the CLI alone, in a file of its own (docs/adr/0016). A static import
 * through such a door is a breach.
 */
const doors: Readonly<Record<string, readonly string[]>> = { 'cli/main.ts': ['sim/user/simulator.ts'] }

/** Folders without time, chance, environment, input or output: equal arguments give equal results. */
export const pureFolders = [
  'controller/domain/',
  'controller/argo/',
  'controller/metric-language/',
  'analysis/domain/',
] as const

/** A pattern per impurity. `new Date(x)` and `Date.parse` read no clock. */
const impurities: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|[^.\w]Date\(\s*\)|\bperformance\b/, 'reads a clock'],
  [/\bMath\.random\b|\bcrypto\b|\brandomUUID\b/, 'uses chance'],
  [/\bprocess\b|\bglobalThis\b/, 'reads the environment'],
  [/\bconsole\b/, 'writes to the console'],
  [/\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, 'sets a timer'],
  [/\bfetch\s*\(/, 'sends a request'],
  [/\basync\b|\bawait\b|\bPromise\b/, 'is asynchronous'],
  [/\beval\s*\(|\bnew Function\b|\bimport\s*\(/, 'evaluates code'],
]

const withoutText = (source: string): string =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/`(?:[^`\\$]|\\.|\$(?!\{))*`/g, "''")
    .replace(/(^|[^:])\/\/.*$/gm, '$1')

/** Specifiers of static imports and re-exports, types included. */
export const importsOf = (source: string): readonly string[] =>
  [...source.matchAll(/^\s*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  )

/** Specifiers of imports that are made when they are needed; `typeof import` is none. */
const lateImportsOf = (source: string): readonly string[] =>
  [...source.matchAll(/(?<!\btypeof\s)\bimport\(\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? '')

const resolve = (path: string, specifier: string): string => normalize(join(dirname(path), specifier))

const layerOf = (path: string): string | undefined =>
  Object.keys(layers)
    .filter((prefix) => path.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0]

/** Every breach as `path: what`. Files outside the layers (tests, root scripts) may import anything. */
export function findBreaches(sources: Sources): readonly string[] {
  return [
    ...Object.entries(sources).flatMap(([path, source]) => [
      ...layerBreaches(path, source),
      ...purityBreaches(path, source),
    ]),
    ...findCycles(sources),
  ]
}

function layerBreaches(path: string, source: string): string[] {
  const layer = layerOf(path)
  if (layer === undefined) return []
  const allowed = [layer, ...(layers[layer] ?? [])]
  const targets = (specifiers: readonly string[]): readonly string[] =>
    specifiers.filter((specifier) => specifier.startsWith('.')).map((specifier) => resolve(path, specifier))
  const late = targets(lateImportsOf(source)).filter((target) => !doors[path]?.includes(target))
  return [...targets(importsOf(source)), ...late]
    .filter((target) => !target.endsWith('.json') && !allowed.some((prefix) => target.startsWith(prefix)))
    .map((target) => `${path}: ${layer} must not import ${target}`)
}

function purityBreaches(path: string, source: string): string[] {
  if (!pureFolders.some((folder) => path.startsWith(folder))) return []
  const code = withoutText(source)
  const native = importsOf(source).filter((specifier) => specifier.startsWith('node:'))
  return [
    ...impurities.filter(([pattern]) => pattern.test(code)).map(([, what]) => `${path}: pure code ${what}`),
    ...native.map((specifier) => `${path}: pure code imports ${specifier}`),
  ]
}

/** Import cycles, each once, as `a → b → a`. Type imports count: a cycle of types is a cycle of ideas. */
export function findCycles(sources: Sources): readonly string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) cycles.push(`cycle: ${[...trail.slice(at), path].join(' → ')}`)
    if (at >= 0 || done.has(path)) return
    for (const specifier of importsOf(sources[path] ?? '')) {
      if (specifier.startsWith('.')) visit(resolve(path, specifier), [...trail, path])
    }
    done.add(path)
  }
  for (const path of Object.keys(sources)) visit(path, [])
  return cycles
}
