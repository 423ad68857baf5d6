/** Builds Experiments for tests: templates of one small pod each. Plain data, nothing decided. */
import type { Experiment, ExperimentSpec, ExperimentTemplate } from '../../controller/api/experiment.ts'

export const CREATED_AT = '2026-01-01T00:00:00Z'

export function template(name: string, shape: Partial<ExperimentTemplate> = {}): ExperimentTemplate {
  return {
    name,
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'app', image: `shop:${name}`, ports: [{ name: 'http', containerPort: 8080 }] }] },
    },
    ...shape,
  }
}

export function experiment(spec: Partial<ExperimentSpec> = {}): Experiment {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'trial', namespace: 'web', uid: 'uid-trial', creationTimestamp: CREATED_AT },
    spec: { templates: [template('baseline'), template('canary')], ...spec },
  }
}
