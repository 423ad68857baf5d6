/**
 * Writes `types.json`, the field table of the built-in kinds, from the type maps that @kubernetes/client-node carries. Run it
 * with `npx tsx sandbox/api-server/builtin/generate-types.ts` after that package moves to a new Kubernetes release. It must
 * not be imported by the server: loading those models at run time would cost more than everything else together.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Attribute {
  readonly baseName: string
  readonly type: string
  readonly format: string
}

const roots = [
  'V1Namespace V1Pod V1Service V1Endpoints V1ConfigMap V1Secret V1ServiceAccount V1Node CoreV1Event V1PodTemplate',
  'V1Deployment V1ReplicaSet V1StatefulSet V1DaemonSet V1ControllerRevision V1Job V1CronJob V2HorizontalPodAutoscaler',
  'V1PodDisruptionBudget V1EndpointSlice V1Ingress V1IngressClass V1Lease V1Role V1RoleBinding V1ClusterRole',
  'V1ClusterRoleBinding EventsV1Event V1CustomResourceDefinition V1Scale V1Eviction V1Binding',
]
  .join(' ')
  .split(' ')

const models = new URL('../../../node_modules/@kubernetes/client-node/dist/gen/models/', import.meta.url)

/** The package keeps each map as a JSON literal after `.attributeTypeMap =`. */
const readAttributes = (model: string): Attribute[] => {
  const text = readFileSync(new URL(`${model}.js`, models), 'utf8')
  const literal = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(text)?.[1]
  if (literal === undefined) throw new Error(`${model}.js has no attributeTypeMap`)
  return JSON.parse(literal) as Attribute[]
}

/** One field's type in the table's notation: a scalar's name, a model's name, `[]x` for a list or `{}x` for a map of x. */
const renderType = (type: string, format: string): string => {
  const list = /^Array<(.+)>$/.exec(type)?.[1]
  if (list !== undefined) return `[]${renderType(list, '')}`
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1]
  if (map !== undefined) return `{}${renderType(map, '')}`
  if (type === 'number') return format === 'double' ? 'number' : 'integer'
  if (type === 'Date' || type === 'V1MicroTime') return 'time'
  if (type === 'IntOrString') return 'int-or-string'
  return type
}

const table: Record<string, Record<string, string>> = {}
const queue = [...roots]
for (let model = queue.shift(); model !== undefined; model = queue.shift()) {
  if (model in table) continue
  const fields = readAttributes(model).map(
    ({ baseName, type, format }) => [baseName, renderType(type, format)] as const,
  )
  table[model] = Object.fromEntries(fields)
  for (const [, type] of fields) {
    const element = type.replace(/^(\[\]|\{\})+/, '')
    if (/^[A-Z]/.test(element)) queue.push(element)
  }
}

const lines = Object.keys(table)
  .sort()
  .map((model) => `  ${JSON.stringify(model)}: ${JSON.stringify(table[model])}`)
writeFileSync(fileURLToPath(new URL('types.json', import.meta.url)), `{\n${lines.join(',\n')}\n}\n`)
