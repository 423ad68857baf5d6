/**
 * Random objects that Argo's CustomResourceDefinitions take, made from the table of their fields: whatever combination of optional fields, texts,
 * numbers, empty lists and open objects. Valid by type only; whether they make sense is nobody's concern here.
 */
import fc from 'fast-check'
import type { Field } from './fields.ts'

const text = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('', '{{args.x}}', '25%', 'ünïcode ✓', 'a\nb'))
const key = fc.stringMatching(/^[a-z][a-z0-9./-]{0,8}[a-z0-9]$/)
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
/** Within what JavaScript keeps exactly. */
const int64 = fc.maxSafeInteger()
const instant = fc
  .date({ min: new Date('2001-01-01T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => `${date.toISOString().slice(0, 19)}Z`)
const json = fc.jsonValue({ maxDepth: 2 })
const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 })
const podTemplate = fc.record(
  {
    metadata: fc.record({ labels: fc.dictionary(key, fc.string({ maxLength: 5 }), { maxKeys: 3 }) }),
    spec: fc.record(
      {
        containers: fc.array(
          fc.record(
            { name: text, image: text, resources: object, command: fc.array(text, { maxLength: 2 }) },
            { requiredKeys: ['name'] },
          ),
          { maxLength: 2 },
        ),
        restartPolicy: text,
        terminationGracePeriodSeconds: fc.nat(600),
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: [] },
)
const jobSpec = fc.record({ template: podTemplate, backoffLimit: fc.nat(9) }, { requiredKeys: ['template'] })

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: text,
  'string:date-time': instant,
  'string:int64': text,
  boolean: fc.boolean(),
  integer: int32,
  'integer:int32': int32,
  'integer:int64': int64,
  number: int32,
  'int-or-string': fc.oneof(int32, text),
  any: json,
  open: object,
  'pod-template': podTemplate,
  'job-spec': jobSpec,
}

/** The subresource /scale reads them, and the API server checks for it that they are not negative. */
const SCALED = ['replicas', 'HPAReplicas']

/** Optional fields are present one time in three, so that objects stay small. */
function arbitraryOf({ name, type, values, children }: Field): fc.Arbitrary<unknown> {
  if (SCALED.includes(name)) return fc.nat(1000)
  if (values.length > 0) return fc.constantFrom(...values)
  if (type === 'array') return fc.array(arbitraryOf(only(children)), { maxLength: 2 })
  if (type === 'map') return fc.dictionary(key, arbitraryOf(only(children)), { maxKeys: 2 })
  if (type === 'object') return recordOf(children)
  const scalar = scalars[type]
  if (!scalar) throw new Error(`no values of type ${type}`)
  return scalar
}

function only([child, ...others]: readonly Field[]): Field {
  if (!child || others.length > 0) throw new Error('a list or map has one kind of element')
  return child
}

const ABSENT = Symbol('absent')

const recordOf = (fields: readonly Field[]): fc.Arbitrary<Readonly<Record<string, unknown>>> =>
  fc
    .tuple(
      ...fields.map((field) => {
        const value = arbitraryOf(field)
        return field.isRequired
          ? value
          : fc.oneof({ weight: 2, arbitrary: fc.constant(ABSENT) }, { weight: 1, arbitrary: value })
      }),
    )
    .map((values) =>
      Object.fromEntries(fields.flatMap(({ name }, at) => (values[at] === ABSENT ? [] : [[name, values[at]]]))),
    )

/** `spec`, and `status` where the kind has one; metadata is the caller's. */
export const contentOf = (root: Field): fc.Arbitrary<Readonly<Record<string, unknown>>> =>
  recordOf(root.children.filter(({ name }) => name === 'spec' || name === 'status'))
