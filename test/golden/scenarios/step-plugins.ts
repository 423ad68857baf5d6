/** Stories of plugin steps: approvals, Jobs, waits, and how what was begun is ended when the update does not go on. */

import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'
import { readStepEntries } from '../../../controller/api/step-plugin-status.ts'
import { STEP_RESULTS, type StepAnswer } from '../../../controller/api/step-result.ts'
import { rollout } from '../../builders/rollout.ts'
import type { Machine, MachineOptions } from '../world-machine.ts'
import { begin, type Scenario, SECOND } from './scenario.ts'

const url = 'https://gates.example/rollouts'
const podSpec = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'tools:1' }] }
const jobOf = (compensate?: object): CanaryStep => ({
  plugin: {
    name: 'penstock/job',
    config: { spec: { template: { spec: podSpec } }, ...(compensate ? { compensate } : {}) },
  },
})
const approval: CanaryStep = { plugin: { name: 'penstock/webhook', config: { url, pollSeconds: 15 } } }
const undoBy = { name: 'penstock/webhook', config: { url: `${url}/undo` } }
const announced: CanaryStep = { plugin: { name: 'penstock/webhook', config: { url, compensate: undoBy } } }
const window: CanaryStep = {
  plugin: {
    name: 'penstock/wait-until',
    config: { window: { from: '09:00', to: '17:00', timeZone: 'Europe/Berlin', days: ['Mon', 'Tue', 'Wed', 'Thu'] } },
  },
}

const withSteps = (...steps: readonly CanaryStep[]): MachineOptions => ({ rollout: rollout({ steps }) })
const gated = withSteps({ setWeight: 20 }, approval, { setWeight: 50 }, { pause: { duration: 10 } })
const saga = withSteps(announced, { setWeight: 20 }, jobOf(undoBy), { setWeight: 50 }, approval)
const worked = withSteps({ setWeight: 20 }, jobOf(), { setWeight: 60 }, { pause: {} })

/** The runner: answers the call that waits, whatever it is, and lets ten seconds go by. Says so when nothing waits. */
function answer(machine: Machine, phase: StepAnswer['phase'], details: Omit<StepAnswer, 'phase'> = {}): void {
  const waiting = readStepEntries(machine.status().canary?.stepPluginStatuses).find(({ status }) => status.call)
  if (!waiting) throw new Error('no call waits')
  const { task, call } = waiting.status
  const said = details.message === undefined ? '' : ` "${details.message}"`
  machine.say(`${task.plugin} answers the ${waiting.operation} of step ${waiting.index + 1}: ${phase}${said}`)
  const result = { call, phase, ...details, at: formatInstant(machine.now()) }
  machine.annotate({ [STEP_RESULTS]: JSON.stringify([result]) })
  machine.run(10 * SECOND)
}

export const stepPluginScenarios: readonly Scenario[] = [
  {
    name: 'plugin-webhook-approves',
    options: gated,
    play(machine) {
      begin(machine, 20)
      answer(machine, 'Running', { message: 'waits for Ada', afterSeconds: 15 })
      machine.run(10 * SECOND)
      answer(machine, 'Successful', { message: 'approved by Ada' })
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'plugin-webhook-refuses',
    options: saga,
    play(machine) {
      begin(machine, 5)
      answer(machine, 'Successful', { message: 'announced' })
      machine.run(10 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-2-1 is complete' })
      machine.run(10 * SECOND)
      answer(machine, 'Failed', { message: 'refused by Ada: the index is not warm' })
      answer(machine, 'Failed', { message: 'the undo of the Job did not work' })
      machine.run(30 * SECOND)
      answer(machine, 'Successful', { message: 'the Job is undone' })
      answer(machine, 'Successful', { message: 'the announcement is withdrawn' })
    },
  },
  {
    name: 'plugin-job-passes',
    options: worked,
    play(machine) {
      begin(machine, 20)
      answer(machine, 'Running', { message: 'Job shop-2-1-1 runs with 1 active pods', state: { uid: 'job-1' } })
      machine.run(30 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-1-1 is complete', state: { uid: 'job-1' } })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'plugin-job-fails',
    options: worked,
    play(machine) {
      begin(machine, 20)
      answer(machine, 'Failed', { message: 'Job shop-2-1-1 failed: BackoffLimitExceeded' })
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'plugin-wait-until',
    options: withSteps(window, { setWeight: 100 }),
    play(machine) {
      begin(machine, 5)
      answer(machine, 'Running', { message: 'waits until 09:00 Europe/Berlin', afterSeconds: 3_600 })
      machine.run(3_590 * SECOND)
      answer(machine, 'Successful', { message: 'waited until 09:00 Europe/Berlin' })
      machine.run(60 * SECOND)
    },
  },
  {
    name: 'plugin-retry-after-abort',
    options: saga,
    play(machine) {
      begin(machine, 5)
      answer(machine, 'Successful', { message: 'announced' })
      machine.run(10 * SECOND)
      answer(machine, 'Running', { message: 'Job shop-2-2-1 runs with 1 active pods' })
      machine.say('somebody aborts while the Job runs')
      machine.patchStatus({ abort: true })
      machine.run(10 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-2-1 deleted' })
      machine.say('somebody retries before everything is undone: the first step waits for that')
      machine.patchStatus({ abort: false })
      machine.run(10 * SECOND)
      answer(machine, 'Successful', { message: 'the Job is undone' })
      answer(machine, 'Successful', { message: 'the announcement is withdrawn' })
      answer(machine, 'Successful', { message: 'announced again' })
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'plugin-disabled',
    options: { ...gated, disabledPlugins: ['penstock/webhook'] },
    play(machine) {
      begin(machine, 60)
    },
  },
  {
    name: 'plugin-inconclusive',
    options: gated,
    play(machine) {
      begin(machine, 20)
      answer(machine, 'Inconclusive', { message: 'nobody is on call' })
      machine.run(60 * SECOND)
      machine.say('somebody looks and promotes: that is the verdict')
      machine.patchStatus({ pauseConditions: null })
      machine.run(40 * SECOND)
    },
  },
  {
    name: 'plugin-errors-halt',
    options: gated,
    play(machine) {
      begin(machine, 20)
      for (const _ of Array.from({ length: 5 })) {
        answer(machine, 'Error', { message: 'refused: gates.example cannot be reached (ECONNREFUSED)' })
        machine.run(20 * SECOND)
      }
      machine.say('somebody mends the gate and promotes: it is asked again')
      machine.patchStatus({ pauseConditions: null })
      machine.run(SECOND)
      answer(machine, 'Successful', { message: 'approved' })
    },
  },
  {
    name: 'plugin-errors-in-argo-compat',
    options: { ...gated, compat: 'argo' },
    play(machine) {
      begin(machine, 20)
      for (const _ of Array.from({ length: 6 })) {
        answer(machine, 'Error', { message: 'refused: gates.example cannot be reached (ECONNREFUSED)' })
        machine.run(20 * SECOND)
      }
      answer(machine, 'Successful', { message: 'approved' })
    },
  },
  {
    name: 'plugin-times-out',
    options: withSteps(
      { setWeight: 20 },
      { plugin: { name: 'penstock/job', config: { spec: { template: { spec: podSpec } }, timeout: '1m' } } },
    ),
    play(machine) {
      begin(machine, 20)
      answer(machine, 'Running', { message: 'Job shop-2-1-1 runs with 1 active pods', afterSeconds: 600 })
      machine.run(60 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-1-1 deleted' })
    },
  },
  {
    name: 'plugin-superseded',
    options: worked,
    play(machine) {
      begin(machine, 20)
      machine.say('a third version is committed while the Job of the second runs')
      machine.setImage('shop:3')
      machine.run(10 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-1-1 deleted' })
      machine.run(10 * SECOND)
    },
  },
  {
    name: 'plugin-undone-by-git',
    options: saga,
    play(machine) {
      begin(machine, 5)
      answer(machine, 'Successful', { message: 'announced' })
      machine.run(10 * SECOND)
      machine.say('Git goes back to the first version while the Job runs')
      machine.setImage('shop:1')
      machine.run(10 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-2-1 deleted' })
      answer(machine, 'Successful', { message: 'the Job is undone' })
      answer(machine, 'Successful', { message: 'the announcement is withdrawn' })
    },
  },
  {
    name: 'plugin-promote-full',
    options: worked,
    play(machine) {
      begin(machine, 20)
      machine.say('somebody promotes fully while the Job runs')
      machine.patchStatus({ promoteFull: true })
      machine.run(5 * SECOND)
      answer(machine, 'Successful', { message: 'Job shop-2-1-1 deleted' })
      machine.run(20 * SECOND)
    },
  },
  {
    name: 'plugin-unknown',
    options: withSteps({ plugin: { name: 'argoproj-labs/sample-step', config: {} } }),
    play(machine) {
      machine.run(5 * SECOND)
    },
  },
]
