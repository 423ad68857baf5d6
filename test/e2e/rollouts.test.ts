/** The main job on a real control plane, with the controller as a process under the chart's own rights: all paths, one cluster. */
import { after, before, describe } from 'node:test'
import { admissionPaths } from './paths/admission.ts'
import { alertPaths } from './paths/alerts.ts'
import { analysisPaths } from './paths/analysis.ts'
import { analysisJobPaths } from './paths/analysis-jobs.ts'
import { argoCdPaths } from './paths/argo-cd.ts'
import { badInputPaths } from './paths/bad-input.ts'
import { blueGreenPaths } from './paths/blue-green.ts'
import { byHandPaths } from './paths/by-hand.ts'
import { canaryPaths } from './paths/canary.ts'
import { experimentPaths } from './paths/experiment.ts'
import { gatePaths } from './paths/gates.ts'
import { leastPrivilegePaths } from './paths/least-privilege.ts'
import { restartPaths } from './paths/restart.ts'
import { restartAtPaths } from './paths/restart-at.ts'
import { routedCanaryPaths } from './paths/routed-canary.ts'
import { routerPaths } from './paths/routers.ts'
import { sameAsArgoPaths } from './paths/same-as-argo.ts'
import { startUpPaths } from './paths/start-up.ts'
import { takeoverPaths } from './paths/takeover.ts'
import { workloadRefPaths } from './paths/workload-ref.ts'
import { createStage } from './stage.ts'

describe('rollouts on a real control plane', { timeout: 90 * 60_000 }, () => {
  const stage = createStage()
  before(() => stage.open(), { timeout: 90 * 60_000 })
  after(() => stage.close())

  canaryPaths(stage)
  routedCanaryPaths(stage)
  routerPaths(stage)
  argoCdPaths(stage)
  blueGreenPaths(stage)
  byHandPaths(stage)
  alertPaths(stage)
  analysisPaths(stage)
  analysisJobPaths(stage)
  gatePaths(stage)
  experimentPaths(stage)
  workloadRefPaths(stage)
  restartAtPaths(stage)
  badInputPaths(stage)
  admissionPaths(stage)
  restartPaths(stage)
  startUpPaths(stage)
  takeoverPaths(stage)
  sameAsArgoPaths(stage)
  leastPrivilegePaths(stage)
})
