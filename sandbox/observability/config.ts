/** The configuration files of Prometheus and Alertmanager. Pure. Intervals are those of a story: two seconds where production has fifteen. */
import { stringify } from 'yaml'

export interface PrometheusConfig {
  readonly targetsFile: string
  readonly gatewayMetrics: string
  readonly ruleFiles: readonly string[]
  /** `host:port` */
  readonly alertmanager: string
}

export function renderPrometheusConfig(config: PrometheusConfig): string {
  const gateway = new URL(config.gatewayMetrics)
  return stringify({
    global: { scrape_interval: '2s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: config.ruleFiles,
    alerting: { alertmanagers: [{ static_configs: [{ targets: [config.alertmanager] }] }] },
    scrape_configs: [
      { job_name: 'pods', file_sd_configs: [{ files: [config.targetsFile], refresh_interval: '1s' }] },
      { job_name: 'gateway', metrics_path: gateway.pathname, static_configs: [{ targets: [gateway.host] }] },
    ],
  })
}

export interface AlertmanagerConfig {
  readonly webhookUrl: string
  readonly tokenFile: string
}

/** The route that the documentation recommends: every alert for itself, sent at once. */
export function renderAlertmanagerConfig(config: AlertmanagerConfig): string {
  return stringify({
    route: {
      receiver: 'penstock',
      group_by: ['...'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '1m',
    },
    receivers: [
      {
        name: 'penstock',
        webhook_configs: [
          {
            url: config.webhookUrl,
            send_resolved: true,
            http_config: {
              authorization: { type: 'Bearer', credentials_file: config.tokenFile },
              follow_redirects: false,
            },
          },
        ],
      },
    ],
  })
}
