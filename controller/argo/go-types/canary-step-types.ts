/**
 * The shapes of canary steps, as `schema.ts` reads them, with the minor version of Argo Rollouts where `schema.ts` says k8s.io/api. Facts of
 * the Rollout API (1.8 to 1.10); no decisions.
 */
import { metaTypes } from './meta-types.ts'
import type { GoTable } from './schema.ts'

export const canaryStepTypes: GoTable = {
  LabelSelector: metaTypes.LabelSelector ?? '',
  LabelSelectorRequirement: metaTypes.LabelSelectorRequirement ?? '',
  CanaryStep: `
    setWeight:*int pause:*RolloutPause experiment:*RolloutExperimentStep analysis:*RolloutAnalysis
    setCanaryScale:*SetCanaryScale setHeaderRoute:*SetHeaderRoute setMirrorRoute:*SetMirrorRoute plugin:*PluginStep
  `,
  RolloutPause: 'duration:*intOrString',
  RolloutExperimentStep: `
    templates:[]RolloutExperimentTemplate! duration analyses:[]ExperimentAnalysis dryRun:[]DryRun
    analysisRunMetadata:PodMetadata scaleDownDelaySeconds:*int+9
  `,
  RolloutExperimentTemplate: `
    name! specRef! replicas:*int metadata:PodMetadata selector:*LabelSelector weight:*int service:*TemplateService
  `,
  TemplateService: 'name',
  ExperimentAnalysis: `
    name! templateName! clusterScope:bool-8 clusterScope:*bool+9 args:[]AnalysisRunArgument requiredForCompletion:bool
  `,
  RolloutAnalysis: `
    templates:[]AnalysisTemplateRef args:[]AnalysisRunArgument dryRun:[]DryRun
    measurementRetention:[]MeasurementRetention analysisRunMetadata:PodMetadata-8 analysisRunMetadata:*PodMetadata+9
  `,
  AnalysisTemplateRef: 'templateName! clusterScope:bool-8 clusterScope:*bool+9',
  AnalysisRunArgument: 'name! value valueFrom:*ArgumentValueFrom',
  ArgumentValueFrom: 'podTemplateHashValue:*string fieldRef:*FieldRef',
  FieldRef: 'fieldPath!',
  DryRun: 'metricName!',
  MeasurementRetention: 'metricName! limit:int!',
  PodMetadata: 'labels:{}string annotations:{}string',
  SetCanaryScale: 'weight:*int replicas:*int matchTrafficWeight:bool',
  SetHeaderRoute: 'name match:[]HeaderRoutingMatch',
  HeaderRoutingMatch: 'headerName! headerValue:*StringMatch!',
  SetMirrorRoute: 'name! match:[]RouteMatch percentage:*int',
  RouteMatch: 'method:*StringMatch path:*StringMatch headers:{}StringMatch',
  StringMatch: 'exact prefix regex',
  PluginStep: 'name! config:raw',
}
