/** The post that Alertmanager would send for a canary: payload version 4, one firing alert that names rollout and revision. */
import { NAMESPACE } from './manifests.ts'
import type { Stage } from './stage.ts'

/** Resolves when the receiver has stored the abort; rejects when it decided anything else. */
export async function postAlert(stage: Stage, name: string, version: number): Promise<void> {
  const hash = stage.rollout(name).status?.currentPodHash ?? ''
  const answer = JSON.stringify(await stage.controller.post(renderAlert(name, version, hash)))
  if (!answer.includes('"decision":"abort"')) throw new Error(`the alert for ${name} did not abort: ${answer}`)
}

/** `firingSince` is what every repetition of the post carries. */
export function renderAlert(name: string, version: number, hash: string, firingSince = new Date()): object {
  const labels = { alertname: 'HighErrorRate', namespace: NAMESPACE, rollout: name, rollouts_pod_template_hash: hash }
  const alert = {
    status: 'firing',
    labels,
    annotations: { summary: 'more than 5 % of requests fail' },
    startsAt: firingSince.toISOString(),
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: '',
    fingerprint: `${name}-${version}`,
  }
  return {
    version: '4',
    groupKey: `{}:{rollout="${name}"}`,
    receiver: 'penstock',
    status: 'firing',
    truncatedAlerts: 0,
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example',
    alerts: [alert],
  }
}
