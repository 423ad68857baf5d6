/**
 * Rules for names, labels and annotations that hold for every kind, with the API server's sentences.
 */
import type { Cause } from './errors.ts'
import { isObject, type Stored } from './json.ts'
import type { ResourceType } from './resource-type.ts'
import { valueInvalid, valueRequired } from './schema/validate.ts'

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const serviceLabel = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const labelValue = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

const labelSentence =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const serviceSentence =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const subdomainSentence =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const valueSentence =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const keySentence =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

const maxAnnotationsBytes = 256 * 1024

/** Kinds whose names are not DNS subdomains. RBAC names may hold anything that fits into a path segment. */
const checkName = (name: string, type: ResourceType): Cause[] => {
  const field = 'metadata.name'
  if (type.group === 'rbac.authorization.k8s.io')
    return /[/%]/.test(name) || name === '.' || name === '..'
      ? [valueInvalid(field, name, "may not contain '/' or '%'")]
      : []
  const isLabel = type.group === '' && type.plural === 'namespaces'
  const isService = type.group === '' && type.plural === 'services'
  const longest = isLabel || isService ? 63 : 253
  if (name.length > longest) return [valueInvalid(field, name, `must be no more than ${longest} characters`)]
  if (isLabel) return label.test(name) ? [] : [valueInvalid(field, name, labelSentence)]
  if (isService) return serviceLabel.test(name) ? [] : [valueInvalid(field, name, serviceSentence)]
  return subdomain.test(name) ? [] : [valueInvalid(field, name, subdomainSentence)]
}

const checkKey = (key: string, field: string): Cause[] => {
  const parts = key.split('/')
  const name = parts.at(-1) ?? ''
  if (parts.length > 2 || (parts.length === 2 && !subdomain.test(parts[0] ?? '')))
    return [valueInvalid(field, key, `prefix part ${subdomainSentence}`)]
  if (name === '') return [valueInvalid(field, key, 'name part must be non-empty')]
  if (name.length > 63) return [valueInvalid(field, key, 'name part must be no more than 63 characters')]
  return qualifiedName.test(name) ? [] : [valueInvalid(field, key, keySentence)]
}

/** Labels of an object or of a pod template. */
export const validateLabels = (labels: unknown, field: string): Cause[] =>
  Object.entries(isObject(labels) ? labels : {}).flatMap(([key, value]) => {
    const causes = checkKey(key, field)
    if (typeof value !== 'string') return [...causes, valueInvalid(field, value, 'must be a string')]
    if (value.length > 63) return [...causes, valueInvalid(field, value, 'must be no more than 63 characters')]
    return labelValue.test(value) ? causes : [...causes, valueInvalid(field, value, valueSentence)]
  })

const checkAnnotations = (annotations: Readonly<Record<string, string>>): Cause[] => {
  const field = 'metadata.annotations'
  const causes = Object.keys(annotations).flatMap((key) => checkKey(key.toLowerCase(), field))
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + key.length + value.length, 0)
  if (size <= maxAnnotationsBytes) return causes
  const message = `Too long: may not be more than ${maxAnnotationsBytes} bytes`
  return [...causes, { reason: 'FieldValueTooLong', message, field }]
}

const checkOwners = (object: Stored): Cause[] => {
  const owners = object.metadata.ownerReferences ?? []
  const missing = owners.flatMap((owner, index) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((key) => !owner[key])
      .map((key) => valueInvalid(`metadata.ownerReferences[${index}].${key}`, owner[key] ?? '', 'must not be empty')),
  )
  const controllers = owners.filter((owner) => owner.controller === true)
  if (controllers.length < 2) return missing
  const names = controllers.map((owner) => `${owner.kind}/${owner.name}`).join(', ')
  const why = `Only one reference can have Controller set to true. Found "true" in references for ${names}`
  return [...missing, valueInvalid('metadata.ownerReferences', names, why)]
}

export const validateMetadata = (object: Stored, type: ResourceType): Cause[] => {
  const { name, labels, annotations } = object.metadata
  return [
    ...(name === undefined || name === ''
      ? [valueRequired('metadata.name', 'name or generateName is required')]
      : checkName(name, type)),
    ...validateLabels(labels, 'metadata.labels'),
    ...checkAnnotations(annotations ?? {}),
    ...checkOwners(object),
  ]
}
