/**
 * A pod template without everything that makes no difference to its pods: defaults that the API server fills in, nulls and empties, the
 * notation of amounts, the label that names its revision. Two templates are the same when their normal forms are. Nothing is validated: a
 * value of a wrong type stands as it is.
 *
 * Fields that no Go type up to k8s.io/api 0.36 has come under `unknown`, so that a newer API server's own additions can be told from ours.
 */
import { POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { PodTemplate } from '../api/meta.ts'
import { type GoField, type GoScalar, type GoType, readGoTable } from './go-types/schema.ts'
import { emptyMeansAbsent, podDefaults } from './pod-defaults.ts'
import { podTemplateTypes } from './pod-hash.ts'
import { quantityValue } from './quantity.ts'

type Fields = Readonly<Record<string, unknown>>
const structs = readGoTable(podTemplateTypes, 36)
const byName = new Map<string, ReadonlyMap<string, GoField>>()

function fieldsOf(struct: string): ReadonlyMap<string, GoField> {
  const known = byName.get(struct) ?? new Map(structs(struct).map((field) => [field.name, field]))
  byName.set(struct, known)
  return known
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export interface NormalTemplate {
  readonly template: unknown
  /** Some field is unknown; it stands in `template` under its name with a question mark in front. */
  readonly hasUnknown: boolean
}

export function normalizeTemplate(template: PodTemplate): NormalTemplate {
  const unknown: string[] = []
  const normal = normalizeStruct('PodTemplateSpec', withoutBookkeeping(template), unknown)
  return { template: withoutHostPorts(normal), hasUnknown: unknown.length > 0 }
}

/** The revision's own label, the time stamp that Go prints, and the account's second name, which the API server keeps equal to the first. */
function withoutBookkeeping(template: PodTemplate): Fields {
  const { creationTimestamp: _created, ...metadata } = (isFields(template.metadata) ? template.metadata : {}) as Fields
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = isFields(metadata.labels) ? metadata.labels : {}
  if (!isFields(template.spec)) return { ...template, metadata: { ...metadata, labels } }
  const { serviceAccount, ...spec } = template.spec
  const serviceAccountName = spec.serviceAccountName || serviceAccount
  return { ...template, metadata: { ...metadata, labels }, spec: { ...spec, serviceAccountName } }
}

function normalize(type: GoType, value: unknown, unknown: string[]): unknown {
  if (value === null || value === undefined) return undefined
  switch (type.form) {
    case 'struct':
      return isFields(value) ? dropEmpty(type.name, normalizeStruct(type.name, value, unknown), false) : value
    case 'pointer':
      return normalizePointer(type.of, value, unknown)
    case 'list':
      return Array.isArray(value) ? normalizeList(type.of, value, unknown) : value
    case 'map':
      return isFields(value) ? normalizeMap(type.of, value, unknown) : value
    case 'scalar':
      return withoutZero(normalizeScalar(type, value), type.scalar)
  }
}

/** Behind a pointer zero is a value of its own. */
function normalizePointer(type: GoType, value: unknown, unknown: string[]): unknown {
  if (type.form === 'scalar') return normalizeScalar(type, value)
  if (type.form !== 'struct' || !isFields(value)) return value
  return dropEmpty(type.name, normalizeStruct(type.name, value, unknown), true)
}

const dropEmpty = (struct: string, fields: Fields, pointer: boolean): Fields | undefined =>
  Object.keys(fields).length === 0 && (!pointer || emptyMeansAbsent.has(struct)) ? undefined : fields

const withoutZero = (value: unknown, scalar: GoScalar): unknown =>
  value === ZERO[scalar] || value === '' || value === 0 ? undefined : value
const ZERO: Readonly<Partial<Record<GoScalar, unknown>>> = { bool: false, quantity: '0' }

function normalizeScalar(type: GoType & { readonly form: 'scalar' }, value: unknown, toMilli = false): unknown {
  const isAmount = type.scalar === 'quantity' && (typeof value === 'string' || typeof value === 'number')
  return isAmount ? (quantityValue(String(value).trim(), toMilli) ?? value) : value
}

/** An element keeps its place, also when nothing of it is left. */
function normalizeList(type: GoType, values: readonly unknown[], unknown: string[]): unknown {
  if (values.length === 0) return undefined
  return values.map((value) =>
    type.form === 'struct' && isFields(value) ? normalizeStruct(type.name, value, unknown) : value,
  )
}

function normalizeMap(type: GoType, values: Fields, unknown: string[]): unknown {
  const entries = Object.entries(values).map(([key, value]) => {
    // Amounts in maps are resources, which are stored in thousandths.
    if (type.form === 'scalar') return [key, normalizeScalar(type, value ?? '', true)] as const
    return [key, normalize(type, value, unknown) ?? {}] as const
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

function normalizeStruct(struct: string, value: Fields, unknown: string[]): Fields {
  const fields = fieldsOf(struct)
  const normal: Record<string, unknown> = {}
  for (const [name, content] of Object.entries(value)) {
    if (content === null || content === undefined) continue
    const field = fields.get(name)
    if (!field) {
      unknown.push(name)
      normal[`?${name}`] = content
      continue
    }
    const reduced = normalize(field.type, content, unknown)
    if (reduced !== undefined && reduced !== defaultOf(struct, name, value)) normal[name] = reduced
  }
  return normal
}

function defaultOf(struct: string, field: string, neighbours: Fields): unknown {
  const value = podDefaults[struct]?.[field]
  return typeof value === 'function' ? value(neighbours) : value
}

/** Where pods share the node's network, older API servers write the port of the container as that of the host; it can be no other. */
function withoutHostPorts(template: Fields): Fields {
  const { spec } = template
  if (!isFields(spec) || spec.hostNetwork !== true) return template
  const trim = (containers: unknown): unknown =>
    Array.isArray(containers) ? containers.map(withoutEqualHostPorts) : containers
  const trimmed = Object.fromEntries(
    Object.entries(spec).map(([key, value]) => [
      key,
      key === 'containers' || key === 'initContainers' ? trim(value) : value,
    ]),
  )
  return { ...template, spec: trimmed }
}

function withoutEqualHostPorts(container: unknown): unknown {
  if (!isFields(container) || !Array.isArray(container.ports)) return container
  const ports = container.ports.map((port: unknown) => {
    if (!isFields(port) || port.hostPort !== port.containerPort) return port
    const { hostPort: _hostPort, ...rest } = port
    return rest
  })
  return { ...container, ports }
}
