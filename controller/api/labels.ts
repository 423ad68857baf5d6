/**
 * Labels and annotations on the wire: Argo's (other tools match on them) and ours. Names only; who reads or writes which one is told
 * in `docs/reference/rollout.md`.
 */
export const POD_TEMPLATE_HASH = 'rollouts-pod-template-hash'
export const REVISION = 'rollout.argoproj.io/revision'
export const REVISION_HISTORY = 'rollout.argoproj.io/revision-history'
export const DESIRED_REPLICAS = 'rollout.argoproj.io/desired-replicas'
/** JSON of the labels and annotations that were injected into the ReplicaSet's template for its role. */
export const EPHEMERAL_METADATA = 'rollout.argoproj.io/ephemeral-metadata'
export const SCALE_DOWN_DEADLINE = 'scale-down-deadline'
export const WORKLOAD_GENERATION = 'rollout.argoproj.io/workload-generation'
export const MANAGED_BY = 'argo-rollouts.argoproj.io/managed-by-rollouts'
export const INSTANCE_ID = 'argo-rollouts.argoproj.io/controller-instance-id'
export const ROLLOUT_TYPE = 'rollout-type'
export const STEP_INDEX = 'step-index'
/** Annotations on what an Experiment owns: the Experiment, and which of its templates. */
export const EXPERIMENT_NAME = 'experiment.argoproj.io/name'
export const EXPERIMENT_TEMPLATE = 'experiment.argoproj.io/template-name'
/** Label of the Jobs and pods that measure for an AnalysisRun: its uid. */
export const ANALYSIS_RUN_UID = 'analysisrun.argoproj.io/uid'
/** Annotations of those Jobs. */
export const ANALYSIS_RUN_NAME = 'analysisrun.argoproj.io/name'
export const ANALYSIS_RUN_NAMESPACE = 'analysisrun.argoproj.io/namespace'
export const ANALYSIS_METRIC_NAME = 'analysisrun.argoproj.io/metric-name'
export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
export const NOTIFIED = 'notified.notifications.argoproj.io'

/** On ReplicaSets: pods that the revision is asked for while it has one more for a restart. */
export const RESTART_SURGE = 'penstock.dev/restart-surge'
/** On ReplicaSets: JSON of the template's own labels and annotations that injected ones cover. */
export const OVERRIDDEN_METADATA = 'penstock.dev/overridden-pod-metadata'
/** On ReplicaSets: JSON of the labels and annotations that running pods may not have yet, or still have. */
export const PENDING_METADATA = 'penstock.dev/pending-pod-metadata'

/** `argo` restores Argo's reading of the rules that we keep strict. */
export const COMPAT = 'penstock.dev/compat'
/** On AnalysisRuns: when users were first exposed to the release that is judged; evidence of all its runs begins there. */
export const EXPOSED_SINCE = 'penstock.dev/exposed-since'
/** On AnalysisRuns with a gate: JSON of the weights that the release passes through, and at which of them it is; see `release-stage.ts`. */
export const STAGE = 'penstock.dev/stage'
/** What an alert that fires but cannot be attributed to the canary does: `abort` (default), `pause` or `ignore`. */
export const UNATTRIBUTED_ALERTS = 'penstock.dev/unattributed-alerts'
/** A label, of any value, on ConfigMaps that routers drive: others are never watched. */
export const ROUTER_CONFIG = 'penstock.dev/router'
/** On routes that several share: which of their rules and backends are a Rollout's. */
export const MANAGED_RULES = 'penstock.dev/managed-rules'
/** On canary Ingresses: names of the annotations that the configuration gave, with spaces between them. */
export const GIVEN_ANNOTATIONS = 'penstock.dev/given-annotations'
/** Names of the subsets that a Rollout points at revisions, sorted, with commas between them; on the object that has them. */
export const MANAGED_SUBSETS = 'penstock.dev/managed-subsets'
/** What routers that cannot confirm were found to carry, and since when. */
export const PROPAGATION = 'penstock.dev/propagation'
/** Seconds after which a write that no router confirms counts as arrived. */
export const PROPAGATION_SECONDS = 'penstock.dev/propagation-seconds'
/** Who has changed what routers were told, how often within a minute, and until when corrections are held back. */
export const REVERSALS = 'penstock.dev/reversals'
/** How long an update may wait for a person or a verdict, as a Go duration, and what then: `abort` (default) or `promote`. */
export const WAIT_DEADLINE = 'penstock.dev/wait-deadline'
export const WAIT_ACTION = 'penstock.dev/wait-action'

/** What the value of a label may be, but for the empty one. */
export const LABEL_VALUE = /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/
