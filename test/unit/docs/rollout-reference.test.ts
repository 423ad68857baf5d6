/** The reference of the Rollout names every field that its schema knows, and what it calls refused is refused by the code, with that field. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  blueGreenSchema,
  type CanaryStrategy,
  canarySchema,
  type Rollout,
  rolloutSpecSchema,
  rolloutStatusSchema,
  stepSchema,
  trafficRoutingSchema,
} from '../../../controller/api/rollout.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { rollout } from '../../builders/rollout.ts'
import { readText } from './documents.ts'

const reference = readText('docs/reference/rollout.md')
const refusedPart = reference.slice(reference.indexOf('## What is refused'))

/** Fields of strategies and status that this version neither obeys nor writes; they are refused or left as they are. */
const notOurs = new Set(['alb', 'albs', 'blueGreen', 'collisionCount', 'canary'])

const isNamed = (field: string): boolean => new RegExp(`\\b${field}\\b`).test(reference)

describe('the reference names every field of', () => {
  const schemas = {
    spec: rolloutSpecSchema,
    'strategy.canary': canarySchema,
    'strategy.blueGreen': blueGreenSchema,
    'status.blueGreen': rolloutStatusSchema.shape.blueGreen.unwrap(),
    trafficRouting: trafficRoutingSchema,
    'a step': stepSchema,
    status: rolloutStatusSchema,
  }
  for (const [name, schema] of Object.entries(schemas))
    test(name, () =>
      assert.deepEqual(
        Object.keys(schema.shape).filter((field) => !notOurs.has(field) && !isNamed(field)),
        [],
      ),
    )
})

const withCanary = (canary: Partial<CanaryStrategy>): Rollout => rollout({ canary })
const router = (id: 'istio' | 'nginx' | 'alb' | 'smi' | 'ambassador' | 'appMesh' | 'traefik' | 'apisix'): Rollout =>
  withCanary({ trafficRouting: { [id]: {} } })
const step = (kind: string): Rollout => withCanary({ steps: [{ [kind]: { name: 'x' } }] })

const unlisted = (kind: string): Rollout =>
  withCanary({
    steps: [{ [kind]: { name: 'x' } }],
    trafficRouting: { managedRoutes: [], plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'x' } } },
  })

describe('what the reference calls refused is refused', () => {
  const rows: Readonly<Record<string, Rollout>> = {
    blueGreen: rollout({ spec: { strategy: { blueGreen: { activeService: 'stable', previewService: 'stable' } } } }),
    antiAffinity: withCanary({ antiAffinity: {} }),
    experiment: step('experiment'),
    template: rollout({ image: '' }),
    workloadRef: rollout({ spec: { workloadRef: { kind: 'Deployment', name: 'web' } } }),
    managedRoutes: step('setHeaderRoute'),
    setHeaderRoute: unlisted('setHeaderRoute'),
    setMirrorRoute: unlisted('setMirrorRoute'),
    dynamicStableScale: rollout({ routed: false, canary: { dynamicStableScale: true } }),
    pingPong: withCanary({ pingPong: { pingService: 'a', pongService: 'a' } }),
    canaryMetadata: withCanary({ canaryMetadata: { labels: { app: 'x' } } }),
    stableMetadata: withCanary({ stableMetadata: { labels: { app: 'x' } } }),
    scaleDownDelaySeconds: rollout({ routed: false, canary: { scaleDownDelaySeconds: 1 } }),
    setCanaryScale: rollout({ routed: false, steps: [{ setCanaryScale: { replicas: 1 } }] }),
    plugin: step('plugin'),
    ...Object.fromEntries(
      (['istio', 'nginx', 'alb', 'smi', 'ambassador', 'appMesh', 'traefik', 'apisix'] as const).map((id) => [
        id,
        router(id),
      ]),
    ),
  }
  for (const [field, refused] of Object.entries(rows))
    test(field, () => {
      assert.ok(new RegExp(`\\b${field}\\b`).test(refusedPart), 'not in the reference')
      const fields = validateRollout(refused).map((problem) => problem.field)
      assert.ok(
        fields.some((found) => found.includes(field)),
        `refused for ${fields.join(', ') || 'nothing'}`,
      )
    })

  test('but what it calls accepted without effect is accepted', () => {
    const accepted = rollout({ spec: { rollbackWindow: { revisions: 1 } } })
    assert.deepEqual(validateRollout(accepted), [])
  })
})
