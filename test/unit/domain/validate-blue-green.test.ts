/** Rules about blue-green. Words that other tools match on are Argo's. */
import type { Rollout } from '../../../controller/api/rollout.ts'
import { accepts, blueGreen, type Row, refuses } from './validation-table.ts'

const at = 'spec.strategy.blueGreen'
const NATURAL = 'must be greater than or equal to 0'
const SAME =
  'This rollout uses the same service for the active and preview services, but two different services are required.'
const HISTORY = "This rollout's revision history limit can not be smaller than the rollout's scale down limit"
const PODS = 'must be a number of pods or a percentage'
const METADATA = 'Analyses arguments must refer to valid object metadata supported by downwardAPI'
const args = [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.owner' } } }]
const templates = [{ templateName: 't' }]
const required = { requiredDuringSchedulingIgnoredDuringExecution: {} }
const preferred = (weight: number) => ({ preferredDuringSchedulingIgnoredDuringExecution: { weight } })

function keeping(revisionHistoryLimit: number, more: object): Rollout {
  const manifest = blueGreen(more)
  return { ...manifest, spec: { ...manifest.spec, revisionHistoryLimit } }
}

const rows: readonly Row[] = [
  ['one Service for both', blueGreen({ previewService: 'active' }), `${at}.activeService`, SAME],
  ['no Service at all', blueGreen({ activeService: '', previewService: undefined }), `${at}.activeService`, SAME],
  ['no active Service', blueGreen({ activeService: undefined }), `${at}.activeService`, 'is missing'],
  [
    'more delayed revisions than are kept',
    blueGreen({ scaleDownDelayRevisionLimit: 11 }),
    `${at}.scaleDownDelayRevisionLimit`,
    HISTORY,
  ],
  [
    'more delayed revisions than the few that are kept',
    keeping(1, { scaleDownDelayRevisionLimit: 2 }),
    `${at}.scaleDownDelayRevisionLimit`,
    HISTORY,
  ],
  ['negative preview', blueGreen({ previewReplicaCount: -1 }), `${at}.previewReplicaCount`, NATURAL],
  ['negative seconds', blueGreen({ autoPromotionSeconds: -1 }), `${at}.autoPromotionSeconds`, NATURAL],
  ['negative delay', blueGreen({ scaleDownDelaySeconds: -1 }), `${at}.scaleDownDelaySeconds`, NATURAL],
  ['negative limit', blueGreen({ scaleDownDelayRevisionLimit: -1 }), `${at}.scaleDownDelayRevisionLimit`, NATURAL],
  ['negative abort delay', blueGreen({ abortScaleDownDelaySeconds: -1 }), `${at}.abortScaleDownDelaySeconds`, NATURAL],
  ['a budget of words', blueGreen({ maxUnavailable: 'some' }), `${at}.maxUnavailable`, PODS],
  ['a negative budget', blueGreen({ maxUnavailable: -1 }), `${at}.maxUnavailable`, PODS],
  [
    'a pre-promotion analysis of nothing',
    blueGreen({ prePromotionAnalysis: {} }),
    `${at}.prePromotionAnalysis.templates`,
    'names no template',
  ],
  [
    'a post-promotion analysis of nothing',
    blueGreen({ postPromotionAnalysis: { templates: [] } }),
    `${at}.postPromotionAnalysis.templates`,
    'names no template',
  ],
  [
    'an argument from nowhere',
    blueGreen({ prePromotionAnalysis: { templates, args } }),
    `${at}.prePromotionAnalysis.args[0].valueFrom.fieldRef.fieldPath`,
    METADATA,
  ],
  [
    'no kind of anti-affinity',
    blueGreen({ antiAffinity: {} }),
    `${at}.antiAffinity`,
    'AntiAffinity must have exactly one strategy listed',
  ],
  [
    'both kinds of anti-affinity',
    blueGreen({ antiAffinity: { ...required, ...preferred(1) } }),
    `${at}.antiAffinity`,
    'AntiAffinity must have exactly one strategy listed',
  ],
  [
    'anti-affinity of weight 101',
    blueGreen({ antiAffinity: preferred(101) }),
    `${at}.antiAffinity.preferredDuringSchedulingIgnoredDuringExecution.weight`,
    'AntiAffinity weight must be between 1-100',
  ],
  [
    'seconds of words',
    blueGreen({ autoPromotionSeconds: '30s' }),
    `${at}.autoPromotionSeconds`,
    'must be a whole number, is a string',
  ],
]

refuses('blue-green is refused for', rows)

accepts('blue-green may have', {
  'both Services': blueGreen({}),
  'no preview': blueGreen({ previewService: undefined }),
  'as many delayed revisions as are kept': blueGreen({ scaleDownDelayRevisionLimit: 10 }),
  'a preview of no pods': blueGreen({ previewReplicaCount: 0 }),
  'no promotion by itself': blueGreen({ autoPromotionEnabled: false }),
  'seconds without promotion by itself': blueGreen({ autoPromotionEnabled: false, autoPromotionSeconds: 30 }),
  'a budget in percent': blueGreen({ maxUnavailable: '50%' }),
  'an abort delay of 0': blueGreen({ abortScaleDownDelaySeconds: 0 }),
  'both analyses': blueGreen({ prePromotionAnalysis: { templates }, postPromotionAnalysis: { templates } }),
  'one kind of anti-affinity': blueGreen({ antiAffinity: required }),
})
