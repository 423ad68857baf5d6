/** A truth table of validation: manifest → field and message, one test a row. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, CanaryStrategy, Rollout } from '../../../controller/api/rollout.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { rollout } from '../../builders/rollout.ts'

/** What is odd about the manifest, the manifest, the field that is named, the message. */
export type Row = readonly [name: string, manifest: Rollout, field: string, message: string]

export const UNSUPPORTED = 'is not supported by this version of Penstock'

export const spec = (more: object): Rollout => rollout({ spec: more as Partial<Rollout['spec']> })
export const canary = (more: object, routed = true): Rollout =>
  rollout({ routed, canary: more as Partial<CanaryStrategy> })
export const step = (odd: object, routed = true): Rollout => rollout({ routed, steps: [odd as CanaryStep] })
export const blueGreen = (more: object): Rollout =>
  spec({ strategy: { blueGreen: { activeService: 'active', previewService: 'preview', ...more } } })

const render = (manifest: Rollout): readonly string[] =>
  validateRollout(manifest).map(({ field, message }) => `${field}: ${message}`)

export const refuses = (title: string, rows: readonly Row[]): void =>
  void describe(title, () => {
    for (const [name, manifest, field, message] of rows)
      test(`${name}: ${message}`, () => {
        const found = render(manifest)
        assert.ok(found.includes(`${field}: ${message}`), found.join('\n') || 'accepted')
      })
  })

/** Features that are not driven yet are left aside: each row must be free of every other problem. */
export const accepts = (title: string, rows: Readonly<Record<string, Rollout>>): void =>
  void describe(title, () => {
    for (const [name, manifest] of Object.entries(rows))
      test(name, () =>
        assert.deepEqual(
          render(manifest).filter((problem) => !problem.endsWith(UNSUPPORTED)),
          [],
        ),
      )
  })
