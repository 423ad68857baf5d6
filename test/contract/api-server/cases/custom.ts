/** Custom resources: validation with the server's own words, defaulting, pruning, versions, registration. */
import assert from 'node:assert/strict'
import { at, type Case, type Cluster, listAt, patchHeaders } from '../cluster.ts'
import { gadget, gadgets, widget, widgetCrd, widgetVersion } from '../objects.ts'

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

const rejects = async (k: Cluster, spec: Record<string, unknown>, message: RegExp, cause: string): Promise<void> => {
  const expected = { code: 422, reason: 'Invalid', message }
  const status = await k.fails('POST', k.path(widgetVersion, 'widgets'), expected, { body: widget('a', spec) })
  const found = listAt(status, 'details.causes').map(({ reason }) => reason)
  assert.ok(found.includes(cause), `causes are ${found.join(', ')}`)
  assert.equal(at(status, 'details.group'), 'conformance.penstock.dev')
  assert.equal(at(status, 'details.kind'), 'Widget')
}

/** A CRD that only this case uses; removed again whatever happens. */
const withCrd = async (k: Cluster, run: (group: string, name: string) => Promise<void>): Promise<void> => {
  const group = `${k.unique}.test`
  const spec = { ...(widgetCrd.spec as object), group }
  const name = `widgets.${group}`
  await k.ok('POST', crds, { body: { ...widgetCrd, metadata: { name }, spec } })
  try {
    await k.until(
      'the resource to be served',
      async () => (await k.call('GET', k.path(`${group}/v1`, 'widgets'))).code === 200,
    )
    await run(group, name)
  } finally {
    await k.call('DELETE', `${crds}/${name}`)
  }
}

export const customCases: readonly Case[] = [
  {
    name: 'a wrong type',
    run: (k) =>
      rejects(
        k,
        { replicas: 'three' },
        /^Widget\.conformance\.penstock\.dev "a" is invalid: \[spec\.replicas: Invalid value: "string": spec\.replicas in body must be of type integer: "string", \.spec\.replicas: Invalid value: 0: \.spec\.replicas accessor error: three is of the type string, expected int64\]$/,
        'FieldValueTypeInvalid',
      ),
  },
  {
    name: 'a missing required field',
    run: (k) => rejects(k, { size: undefined }, /is invalid: spec\.size: Required value$/, 'FieldValueRequired'),
  },
  {
    name: 'a required field inside a list item',
    run: (k) => rejects(k, { ports: [{ port: 1 }] }, /spec\.ports\[0\]\.name: Required value/, 'FieldValueRequired'),
  },
  {
    name: 'a value outside an enum',
    run: (k) =>
      rejects(
        k,
        { color: 'blue' },
        /spec\.color: Unsupported value: "blue": supported values: "red", "green"$/,
        'FieldValueNotSupported',
      ),
  },
  {
    name: 'a pattern',
    run: (k) =>
      rejects(
        k,
        { code: 'AB' },
        /spec\.code: Invalid value: "AB": spec\.code in body should match '\^\[a-z\]\+\$'$/,
        'FieldValueInvalid',
      ),
  },
  {
    name: 'minimum and maximum',
    async run(k) {
      await rejects(
        k,
        { replicas: -1 },
        /Invalid value: -1: spec\.replicas in body should be greater than or equal to 0, \.spec\.replicas: Invalid value: -1: should be a non-negative integer\]$/,
        'FieldValueInvalid',
      )
      await rejects(
        k,
        { replicas: 11 },
        /Invalid value: 11: spec\.replicas in body should be less than or equal to 10$/,
        'FieldValueInvalid',
      )
    },
  },
  {
    name: 'lengths of text',
    async run(k) {
      await rejects(
        k,
        { code: 'a' },
        /Invalid value: "a": spec\.code in body should be at least 2 chars long$/,
        'FieldValueInvalid',
      )
      await rejects(k, { code: 'abcdefg' }, /spec\.code: Too long: may not be more than 5 bytes$/, 'FieldValueTooLong')
    },
  },
  {
    name: 'too many items',
    run: (k) => {
      const ports = ['a', 'b', 'c', 'd'].map((name) => ({ name }))
      return rejects(k, { ports }, /spec\.ports: Too many: 4: must have at most 3 items$/, 'FieldValueTooMany')
    },
  },
  {
    name: 'duplicate keys of a map list and duplicate items of a set',
    async run(k) {
      await rejects(
        k,
        { ports: [{ name: 'a' }, { name: 'a' }] },
        /spec\.ports\[1\]: Duplicate value: \{"name":"a"\}/,
        'FieldValueDuplicate',
      )
      await rejects(k, { tags: ['a', 'a'] }, /spec\.tags\[1\]: Duplicate value: "a"/, 'FieldValueDuplicate')
    },
  },
  {
    name: 'null stays where it is allowed, else it counts as absent',
    async run(k) {
      const made = await k.ok('POST', k.path(widgetVersion, 'widgets'), {
        body: widget('b', { note: null, replicas: null, color: null }),
      })
      assert.equal(at(made, 'spec.note'), null)
      assert.equal(at(made, 'spec.replicas'), 1)
      assert.equal(at(made, 'spec.color'), undefined)
      await rejects(k, { size: null }, /spec\.size: Required value/, 'FieldValueRequired')
    },
  },
  {
    name: 'several breaches are all reported',
    async run(k) {
      const expected = { code: 422, reason: 'Invalid', message: /is invalid: \[/ }
      const options = { body: widget('a', { color: 'blue', replicas: 11 }) }
      const status = await k.fails('POST', k.path(widgetVersion, 'widgets'), expected, options)
      assert.deepEqual(
        listAt(status, 'details.causes')
          .map(({ field }) => String(field))
          .toSorted(),
        ['spec.color', 'spec.replicas'],
      )
    },
  },
  {
    name: 'int-or-string takes both and nothing else',
    async run(k) {
      const made = await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('b', { size: '20%' }) })
      assert.equal(at(made, 'spec.size'), '20%')
      await rejects(
        k,
        { size: true },
        /spec\.size: Invalid value: "boolean": spec\.size in body must be of type integer,string: "boolean"/,
        'FieldValueTypeInvalid',
      )
    },
  },
  {
    name: 'defaults are filled in, also inside list items',
    async run(k) {
      const made = await k.ok('POST', k.path(widgetVersion, 'widgets'), {
        body: widget('a', { ports: [{ name: 'x' }] }),
      })
      assert.equal(at(made, 'spec.replicas'), 1)
      assert.deepEqual(at(made, 'spec.ports'), [{ name: 'x', port: 80 }])
    },
  },
  {
    name: 'unknown fields are pruned, except where they are preserved',
    async run(k) {
      const spec = { what: 1, free: { any: { thing: [1] } }, options: { a: 'b' }, ports: [{ name: 'x', odd: true }] }
      const made = await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: { ...widget('a', spec), top: 1 } })
      assert.equal(made.top, undefined)
      assert.equal(at(made, 'spec.what'), undefined)
      assert.deepEqual(at(made, 'spec.free'), { any: { thing: [1] } })
      assert.deepEqual(at(made, 'spec.options'), { a: 'b' })
      assert.deepEqual(at(made, 'spec.ports'), [{ name: 'x', port: 80 }])
    },
  },
  {
    name: 'fieldValidation=Strict refuses unknown fields by name',
    async run(k) {
      const path = `${k.path(widgetVersion, 'widgets')}?fieldValidation=Strict`
      const message = /strict decoding error: unknown field "spec\.ports\[0\]\.odd", unknown field "spec\.what"/
      const body = widget('a', { what: 1, ports: [{ name: 'x', odd: true }] })
      await k.fails('POST', path, { code: 400, reason: 'BadRequest', message }, { body })
    },
  },
  {
    name: 'fieldValidation=Warn stores the rest and warns',
    async run(k) {
      const path = `${k.path(widgetVersion, 'widgets')}?fieldValidation=Warn`
      const { code, warnings } = await k.call('POST', path, { body: widget('a', { what: 1 }) })
      assert.equal(code, 201)
      assert.deepEqual(warnings, ['unknown field "spec.what"'])
    },
  },
  {
    name: 'fieldValidation holds for built-in kinds and for patches',
    async run(k) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, odd: 1 }
      const strict = `${k.path('v1', 'configmaps')}?fieldValidation=Strict`
      const expected = { code: 400, reason: 'BadRequest', message: /strict decoding error: unknown field "odd"/ }
      await k.fails('POST', strict, expected, { body })
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a') })
      const path = `${k.path(widgetVersion, 'widgets', 'a')}?fieldValidation=Strict`
      const options = { body: { spec: { what: 1 } }, headers: patchHeaders.merge }
      await k.fails('PATCH', path, { code: 422, reason: 'Invalid' }, options).catch(async () => {
        await k.fails('PATCH', path, { code: 400, reason: 'BadRequest' }, options)
      })
    },
  },
  {
    name: 'a field that must not change is refused with its own sentence',
    async run(k) {
      await k.ok('POST', gadgets, { body: gadget(k.unique, { fixed: 'one' }) })
      const options = { body: { spec: { fixed: 'two' } }, headers: patchHeaders.merge }
      const expected = { code: 422, reason: 'Invalid', message: /spec\.fixed: Invalid value: .*: fixed never changes/ }
      await k.fails('PATCH', `${gadgets}/${k.unique}`, expected, options)
      await k.ok('DELETE', `${gadgets}/${k.unique}`)
    },
  },
  {
    name: 'a custom resource without kind is a BadRequest',
    async run(k) {
      const body = { metadata: { name: 'a' }, spec: { size: 1 } }
      await k.fails('POST', k.path(widgetVersion, 'widgets'), { code: 400, reason: 'BadRequest' }, { body })
    },
  },
  {
    name: 'every served version shows the same object',
    async run(k) {
      await k.ok('POST', k.path(widgetVersion, 'widgets'), { body: widget('a', { size: 4 }) })
      const other = await k.ok('GET', k.path('conformance.penstock.dev/v1beta1', 'widgets', 'a'))
      assert.equal(other.apiVersion, 'conformance.penstock.dev/v1beta1')
      assert.equal(at(other, 'spec.size'), 4)
    },
  },
  {
    name: 'a registered CRD is established and accepted',
    async run(k) {
      await withCrd(k, async (_group, name) => {
        const crd = await k.ok('GET', `${crds}/${name}`)
        const isTrue = (wanted: string): boolean =>
          listAt(crd, 'status.conditions').some(({ type, status }) => type === wanted && status === 'True')
        assert.ok(isTrue('Established') && isTrue('NamesAccepted'))
        assert.deepEqual(at(crd, 'status.storedVersions'), ['v1'])
        assert.equal(at(crd, 'status.acceptedNames.kind'), 'Widget')
      })
    },
  },
  {
    name: 'deleting a CRD removes its objects and its paths',
    async run(k) {
      await withCrd(k, async (group, name) => {
        const body = { ...widget('a'), apiVersion: `${group}/v1` }
        await k.ok('POST', k.path(`${group}/v1`, 'widgets'), { body })
        await k.ok('DELETE', `${crds}/${name}`)
        await k.untilGone(`${crds}/${name}`)
        await k.until(
          'the path to be gone',
          async () => (await k.call('GET', k.path(`${group}/v1`, 'widgets'))).code === 404,
        )
      })
    },
  },
  {
    name: 'a CRD whose name does not fit is Invalid',
    async run(k) {
      const body = { ...widgetCrd, metadata: { name: `other.${k.unique}.test` } }
      const message = /metadata\.name: Invalid value: .*must be spec\.names\.plural\+"\."\+spec\.group/
      await k.fails('POST', crds, { code: 422, reason: 'Invalid', message }, { body })
    },
  },
]
