/**
 * `penstock/kubernetes`: a place in an object of the cluster as a measurement, such as the verdict of a chaos experiment or the state of a custom
 * resource. It is read with the controller's own rights: only in the run's namespace unless the controller allows more, and never a Secret.
 *
 *   exists   object, and what the path names      measurement
 *   -        both there                           its value, for the conditions
 *   -        one is missing                       no data
 *   true     both there / one is missing          Successful / Failed
 *   false    both there / one is missing          Failed / Successful
 *   any      the kind is not served               Error: nothing is known of it
 */
import { type KubernetesMetric, kubernetesMetricSchema } from '../../controller/api/metric-providers/kubernetes.ts'
import { describeUnserved, refOfAny } from '../../controller/kube/any-object.ts'
import { KubeError, type ObjectRef } from '../../controller/kube/client.ts'
import type { Value } from '../../controller/metric-language/expression/syntax.ts'
import { findByJsonPath, parseJsonPath } from '../../controller/metric-language/json-path.ts'
import { DEEPEST_DOCUMENT, isDeeperThan, renderValue } from './json-answer.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from './long-provider.ts'

const WHOLE_OBJECT = '{$}'

export const kubernetes: LongProviderModule = {
  id: 'penstock/kubernetes',
  async look(order, ports) {
    const parsed = kubernetesMetricSchema.safeParse(order.config)
    if (parsed.success) return await look(parsed.data, order, ports)
    const [issue] = parsed.error.issues
    return fail(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  },
}

const fail = (message: string): LookOutcome => ({ kind: 'error', message: `penstock/kubernetes: ${message}` })

async function look(config: KubernetesMetric, order: LookOrder, ports: LookPorts): Promise<LookOutcome> {
  const { jsonPath = WHOLE_OBJECT, clusterScope = false } = config
  const path = parseJsonPath(jsonPath)
  if ('problem' in path) return fail(path.problem)
  const namespace = config.namespace ?? order.run.namespace
  const isReadable = clusterScope || namespace === order.run.namespace || order.readableNamespaces.includes(namespace)
  if (!isReadable) return fail(`namespace "${namespace}" may not be read from here; see --step-plugin-namespace`)
  const ref = refOfAny({ ...config, namespaced: !clusterScope }, namespace)
  const read = await readObject(ref, ports)
  if ('problem' in read) return fail(read.problem)
  const { document } = read
  if (document !== undefined && isDeeperThan(document, DEEPEST_DOCUMENT))
    return fail(`the object nests deeper than ${DEEPEST_DOCUMENT} levels`)
  const [found] = document === undefined ? [] : findByJsonPath(path.path, document)
  const what = `${describe(ref)}${jsonPath === WHOLE_OBJECT ? '' : ` ${jsonPath}`}`
  if (config.exists !== undefined) return judgeExistence(found !== undefined, config.exists, what)
  if (document === undefined) return { kind: 'noData', why: `${describe(ref)} does not exist` }
  if (found === undefined) return { kind: 'noData', why: `${describe(ref)} has nothing at ${jsonPath}` }
  return { kind: 'sample', value: found, text: renderValue(found) }
}

const judgeExistence = (isThere: boolean, isWanted: boolean, what: string): LookOutcome => ({
  kind: 'decided',
  phase: isThere === isWanted ? 'Successful' : 'Failed',
  message: `${what} ${isThere ? 'exists' : 'does not exist'}`,
  value: String(isThere),
})

const describe = ({ kind, namespace, name }: ObjectRef): string =>
  `${kind.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

type Read = { readonly document: Value | undefined } | { readonly problem: string }

async function readObject(ref: ObjectRef, ports: LookPorts): Promise<Read> {
  const { group, version, plural } = ref.kind
  const where = group === '' ? 'the core group' : group
  let object: unknown
  try {
    object = await ports.readObject(ref)
  } catch (error) {
    if (!(error instanceof KubeError) || error.code !== 403) throw error
    return {
      problem: `the controller may not read ${describe(ref)}: grant its service account get on ${plural} of ${where}`,
    }
  }
  // The API server says the same 404 to an object that is not there and to a kind that it does not know.
  if (object === undefined && !(await ports.listResources(group, version)).includes(plural))
    return { problem: describeUnserved(ref) }
  return { document: object as Value | undefined }
}
