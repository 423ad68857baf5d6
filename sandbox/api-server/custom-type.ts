/** From a CustomResourceDefinition to the resources it makes the server serve, one per served version. */
import { ageColumn, nameColumn, renderAge } from './builtin/columns.ts'
import { modelSchema } from './builtin/schema.ts'
import { asArray, asObject, asString, isObject, type JsonObject, type Stored } from './json.ts'
import { readJsonPath } from './json-path.ts'
import { allVerbs, type Column, type ResourceType, type ScalePaths } from './resource-type.ts'
import { parseSchema, type Schema } from './schema/structural-schema.ts'

const strings = (value: unknown): string[] => asArray(value).map(asString)

/** The CRD's schema with the envelope that every object has. */
const parseRootSchema = (version: JsonObject): Schema => {
  const own = parseSchema(asObject(version.schema).openAPIV3Schema)
  const text: Schema = { type: 'string' }
  const metadata = modelSchema('V1ObjectMeta')
  return { ...own, type: 'object', properties: { ...own.properties, apiVersion: text, kind: text, metadata } }
}

const parseScale = (version: JsonObject): ScalePaths | undefined => {
  const { scale } = asObject(version.subresources)
  if (!isObject(scale)) return undefined
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scale
  return {
    specReplicasPath: asString(specReplicasPath),
    statusReplicasPath: asString(statusReplicasPath),
    ...(typeof labelSelectorPath === 'string' ? { labelSelectorPath } : {}),
  }
}

const parseColumn = (raw: JsonObject): Column => {
  const type = asString(raw.type)
  const path = asString(raw.jsonPath)
  return {
    name: asString(raw.name),
    type,
    ...(typeof raw.format === 'string' ? { format: raw.format } : {}),
    ...(typeof raw.description === 'string' ? { description: raw.description } : {}),
    priority: typeof raw.priority === 'number' ? raw.priority : 0,
    read(object, now) {
      const value = readJsonPath(object, path)
      return type === 'date' && value !== undefined ? renderAge(value, now) : value
    },
  }
}

const parseColumns = (version: JsonObject): readonly Column[] => {
  const own = asArray(version.additionalPrinterColumns).filter(isObject).map(parseColumn)
  return own.length === 0 ? [nameColumn, ageColumn] : [nameColumn, ...own]
}

/** Where a CRD's objects are kept. */
export const bucketOf = (crd: Stored): string => {
  const { group, names } = asObject(crd.spec)
  return `${asString(group)}/${asString(asObject(names).plural)}`
}

const isServed = (version: JsonObject): boolean => version.served === true

export const customTypesOf = (crd: Stored): readonly ResourceType[] => {
  const { group, names: rawNames, scope, versions } = asObject(crd.spec)
  const names = asObject(rawNames)
  return asArray(versions)
    .filter(isObject)
    .filter(isServed)
    .map((version) => {
      const scale = parseScale(version)
      return {
        group: asString(group),
        version: asString(version.name),
        plural: asString(names.plural),
        singular: asString(names.singular),
        kind: asString(names.kind),
        listKind: asString(names.listKind),
        namespaced: scope === 'Namespaced',
        shortNames: strings(names.shortNames),
        categories: strings(names.categories),
        verbs: allVerbs,
        bucket: bucketOf(crd),
        isCustom: true,
        schema: parseRootSchema(version),
        hasStatus: isObject(asObject(version.subresources).status),
        ...(scale === undefined ? {} : { scale }),
        actions: [],
        selectableFields: asArray(version.selectableFields).map((field) =>
          asString(asObject(field).jsonPath).replace(/^\./, ''),
        ),
        columns: parseColumns(version),
        rules: {},
      }
    })
}
