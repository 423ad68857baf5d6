/** Flags as people and Argo's manifests write them; what is wrong is one sentence that names the flag. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Config, ConfigError, readConfig } from '../../controller/config.ts'

function read(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Config {
  const config = readConfig(argv, env)
  assert.ok(config !== 'help')
  return config
}

describe('configuration', () => {
  test('the defaults are those of Argo, and strict', () => {
    const { settings, watchNamespace, leaseNamespace } = read([])
    assert.deepEqual(
      [settings.metricsPort, settings.healthzPort, settings.compat, settings['leader-elect']],
      [8090, 8080, 'strict', true],
    )
    assert.deepEqual([watchNamespace, leaseNamespace], [undefined, 'default'])
  })

  test("the API server's clients are limited more generously than Argo's (ADR 12), and as a manifest of Argo's says", () => {
    const limits = (...argv: readonly string[]) => [read(argv).settings.qps, read(argv).settings.burst]
    assert.deepEqual(limits(), [200, 400])
    assert.deepEqual(limits('--qps=40', '--burst=80'), [40, 80])
  })

  test('a switch alone means true, and may be given a value', () => {
    assert.equal(read(['--namespaced']).settings.namespaced, true)
    assert.equal(read(['--leader-elect=false']).settings['leader-elect'], false)
    assert.equal(read(['--aws-verify-target-group']).settings['aws-verify-target-group'], true)
    assert.equal(read([]).settings['aws-verify-target-group'], false)
  })

  test('flags of Argo that mean nothing here are taken and named', () => {
    assert.deepEqual(read(['--istio-api-version', 'v1', '--klog-v=3']).ignored, ['istio-api-version', 'klog-v'])
  })

  test('the namespace comes from the pod, unless it is given', () => {
    const env = { POD_NAMESPACE: 'rollouts' }
    assert.equal(read(['--namespaced'], env).watchNamespace, 'rollouts')
    assert.equal(read(['--namespaced', '--namespace', 'web'], env).watchNamespace, 'web')
    assert.equal(read([], env).leaseNamespace, 'rollouts')
  })

  test("Argo's own routers and the Gateway API's are driven; a list replaces them, and may be empty", () => {
    const { routers } = read([]).settings
    assert.ok(routers.includes('argoproj-labs/gatewayAPI') && routers.every((id) => !id.startsWith('penstock/')))
    assert.deepEqual(read(['--routers=argoproj-labs/gatewayAPI, nginx,nginx']).settings.routers, [
      'argoproj-labs/gatewayAPI',
      'nginx',
    ])
    assert.deepEqual(read(['--routers=']).settings.routers, [])
  })

  test('metric providers find in the environment what Argo’s do', () => {
    const keys = { DD_API_KEY: 'a', DD_APP_KEY: 'b' }
    assert.deepEqual(read([]).providers, { aws: {} })
    assert.deepEqual(read([], keys).providers, { aws: {} }, 'without DD_ADDRESS Argo reads the Secret')
    assert.deepEqual(read([], { ...keys, DD_ADDRESS: 'https://d' }).providers.datadog, {
      address: 'https://d',
      apiKey: 'a',
      appKey: 'b',
    })
    const aws = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL: 'http://all' }
    assert.deepEqual(read([], aws).providers.aws, { region: 'eu-west-1', endpoint: 'http://all' })
    const special = { AWS_DEFAULT_REGION: 'us-east-1', AWS_ENDPOINT_URL_CLOUDWATCH: 'http://cw', AWS_ENDPOINT_URL: 'x' }
    assert.deepEqual(read([], special).providers.aws, { region: 'us-east-1', endpoint: 'http://cw' })
  })

  test('Consul is named by scheme, host and port; its token comes from a file or the environment', () => {
    const { settings, consulToken } = read(['--consul-address=https://consul.example:8501/'], {
      CONSUL_HTTP_TOKEN: 'x',
    })
    assert.deepEqual([settings['consul-address'], consulToken], ['https://consul.example:8501/', 'x'])
    assert.equal(settings['consul-kv-prefix'], 'penstock/')
    for (const address of [
      'consul:8500',
      'ftp://consul',
      'http://me:secret@consul',
      'http://consul/v1',
      'http://consul?a=b',
    ])
      assert.throws(
        () => readConfig([`--consul-address=${address}`], {}),
        (error) =>
          error instanceof ConfigError &&
          error.message.startsWith('--consul-address: must be http or https') &&
          !error.message.includes('secret'),
      )
  })

  test('help is asked for', () => assert.equal(readConfig(['--help'], {}), 'help'))

  test('what was read cannot be changed', () => assert.ok(Object.isFrozen(read([]))))

  for (const name of ['ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG', 'ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE'])
    test(`${name} would run Jobs elsewhere, which is refused and not overlooked`, () => {
      assert.throws(
        () => readConfig([], { [name]: 'x' }),
        (error) => error instanceof ConfigError && error.message.startsWith(`${name} is not supported`),
      )
      assert.equal(readConfig(['--help'], { [name]: 'x' }), 'help')
      read([], { [name]: '' })
    })

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [['--metricsPort', 'x'], /--metricsPort/],
    [['--metricsPort', '70000'], /--metricsPort/],
    [['--compat', 'loose'], /--compat/],
    [['--leader-elect=maybe'], /--leader-elect/],
    [['--no-such-flag'], /no-such-flag/],
    [['--routers=nginx,haproxy'], /^--routers: "haproxy" is not a router; there are .*argoproj-labs\/gatewayAPI/],
    [['stray'], /stray/],
  ]
  for (const [argv, names] of wrong)
    test(`${argv.join(' ')} is refused in one sentence`, () => {
      assert.throws(
        () => readConfig(argv, {}),
        (error) => error instanceof ConfigError && names.test(error.message) && !error.message.includes('\n'),
      )
    })
})
