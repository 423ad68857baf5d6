/** What the tests of step plugins share: a Rollout in an update, a call about one of its steps, and ports that fail unless told otherwise. */
import type { Rollout } from '../../../controller/api/rollout.ts'
import { KubeError, type ObjectRef } from '../../../controller/kube/client.ts'
import type { StepCall, StepPorts } from '../../../controller/step-plugins/plugin.ts'

export const updating: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'checkout', namespace: 'shop', uid: 'uid-1', generation: 3 },
  spec: {},
  status: {
    stableRS: 'old',
    canary: { weights: { canary: { weight: 20 }, stable: { weight: 80 } } },
  },
}

export function callOf<Config>(config: Config, overrides: Partial<StepCall<Config>> = {}): StepCall<Config> {
  return {
    operation: 'uid-1/2/k3/1/Run.1',
    runOperation: 'uid-1/2/k3/1/Run.1',
    key: 'uid-1/2/k3/1/Run.1/1',
    verb: 'run',
    purpose: 'Run',
    config,
    state: undefined,
    rollout: updating,
    step: { index: 1, revision: 2, podHash: 'new', startedAt: '2026-01-01T00:00:00Z' },
    ...overrides,
  }
}

const refuse = async (): Promise<never> => {
  throw new Error('not expected here')
}

export const portsWith = (ports: Partial<StepPorts> = {}): StepPorts => ({
  http: { send: refuse },
  client: { get: refuse, create: refuse, delete: refuse },
  listResources: refuse,
  readSecret: refuse,
  now: () => Date.parse('2026-01-01T12:00:00Z'),
  readableNamespaces: [],
  ...ports,
})

export const forbidden = (ref: ObjectRef): KubeError =>
  new KubeError({ code: 403, reason: 'Forbidden', message: `cannot get ${ref.kind.plural}` }, 'GET')
