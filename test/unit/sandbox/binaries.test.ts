import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findBinaries } from '../../../sandbox/observability/binaries.ts'
import { renderAlertmanagerConfig, renderPrometheusConfig } from '../../../sandbox/observability/config.ts'

describe('Prometheus and Alertmanager', () => {
  test('a named file that is none is told in one sentence, with the way to get it', async () => {
    const env = {
      PENSTOCK_PROMETHEUS: '/nowhere/prometheus',
      PENSTOCK_ALERTMANAGER: '/nowhere/alertmanager',
      PENSTOCK_PROMTOOL: '/nowhere/promtool',
      PATH: '',
    }
    await assert.rejects(findBinaries(env), {
      message:
        'missing: prometheus (Debian: apt-get install -y prometheus; or set PENSTOCK_PROMETHEUS to its file), ' +
        'promtool (Debian: apt-get install -y prometheus; or set PENSTOCK_PROMTOOL to its file), ' +
        'alertmanager (Debian: apt-get install -y prometheus-alertmanager; or set PENSTOCK_ALERTMANAGER to its file)',
    })
  })

  test('their files name the targets, the rules and the receiver with its token file', () => {
    const prometheus = renderPrometheusConfig({
      targetsFile: '/t/targets.json',
      gatewayMetrics: 'http://127.0.0.1:1/metrics',
      ruleFiles: ['/t/rules.yaml'],
      alertmanager: '127.0.0.1:2',
    })
    for (const part of ['/t/targets.json', '127.0.0.1:1', '/t/rules.yaml', '127.0.0.1:2'])
      assert.ok(prometheus.includes(part))
    const alertmanager = renderAlertmanagerConfig({
      webhookUrl: 'http://127.0.0.1:3/webhooks/alertmanager',
      tokenFile: '/t/token',
    })
    assert.match(alertmanager, /credentials_file: \/t\/token/)
    assert.match(alertmanager, /group_wait: 0s/)
  })
})
