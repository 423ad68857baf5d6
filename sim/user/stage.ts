/**
 * Sets an update and its misfortunes in motion at the times that the seed drew, and tells everybody who watches of each change. It decides nothing about
 * the Rollout.
 */
import type { Rollout } from '../../controller/api/rollout.ts'
import { createRandom } from '../kernel/random.ts'
import type { JudgedCluster } from '../run/run.ts'
import type { Release } from './draw-release.ts'
import { describeFault } from './fault-words.ts'
import type { NewVersion } from './new-version.ts'
import { createPerson } from './people.ts'
import { createStoryteller, type Storyteller } from './storyteller.ts'
import { BROKEN_IMAGE, NEW_IMAGE } from './user-rollout.ts'

export interface Stage {
  /** Virtual milliseconds of the change of the pod template. */
  readonly startMs: number
  readonly story: Storyteller
  /** To be called after every event. */
  observe(): void
  /** When somebody did something last, in virtual milliseconds. */
  actedMs(): number
  /** When the Rollout came into its present phase, in virtual milliseconds. */
  phaseMs(): number
}

export interface StageOptions {
  readonly release: Release
  readonly version: NewVersion
  /** In words. */
  readonly steps: readonly string[]
}

/** How long a lost line stays lost. */
const RELIST_EVERY_MS = 30_000

/** The update begins now. */
export function openStage({ cluster, rollout }: JudgedCluster, { release, version, steps }: StageOptions): Stage {
  const { kernel, truth } = cluster
  const startMs = kernel.now()
  const { sharePercent } = version
  const story = createStoryteller({ world: truth.world, rollout, log: kernel.lines, sharePercent, startMs, steps })
  const phases = createPhaseClock(startMs)
  let [actedMs, isTold] = [startMs, false]

  function later(afterMs: number, text: string, act: (atMs: number) => void): void {
    kernel.schedule(afterMs, text, () => {
      actedMs = kernel.now()
      story.say(text)
      act(actedMs)
    })
  }

  const fireAlert = (atMs: number): void => cluster.act({ atMs, kind: 'alert', status: 'firing', times: 1 })

  const person = createPerson(
    createRandom(release.seed).fork('person'),
    (afterMs, isWaiting) =>
      void kernel.schedule(afterMs, undefined, () => {
        if (isWaiting()) later(0, 'a person promotes it', (atMs) => cluster.act({ atMs, kind: 'promote' }))
      }),
  )

  /** Whoever loses lines in a release of hours does not go without them for hours. */
  function relistUntilWell(plural: string): void {
    if (kernel.now() - startMs >= release.healAfterMs) return
    kernel.schedule(RELIST_EVERY_MS, undefined, () => {
      cluster.relist(plural)
      relistUntilWell(plural)
    })
  }

  function begin(): void {
    const image = release.fate === 'never ready' ? BROKEN_IMAGE : NEW_IMAGE
    const { falseAlertMs } = release
    later(0, 'the pod template changes', (atMs) => cluster.act({ atMs, kind: 'setImage', image }))
    if (release.fate === 'turns bad') later(release.badAfterMs, 'the new version turns bad', version.turnBad)
    if (falseAlertMs !== undefined) later(falseAlertMs, 'an alert fires although nothing is wrong', fireAlert)
    for (const fault of release.faults)
      later(fault.atMs, describeFault(fault), () => {
        cluster.strike(fault)
        if (fault.kind === 'dropEvents') relistUntilWell(fault.plural)
      })
  }

  function tellWhatIsFelt(): void {
    if (isTold || !version.isFelt()) return
    isTold = true
    story.say('users feel that it is bad')
    if (release.alertDelayMs === undefined) return
    kernel.schedule(release.alertDelayMs, undefined, () => {
      if (version.sharePercent() > 0) later(0, 'an alert about it fires', fireAlert)
    })
  }

  begin()
  return {
    startMs,
    story,
    observe() {
      version.observe(truth.world())
      tellWhatIsFelt()
      story.observe()
      const now = rollout()
      if (now) person(now)
      phases.observe(kernel.now(), now)
    },
    actedMs: () => actedMs,
    phaseMs: phases.sinceMs,
  }
}

/** Since when the Rollout is in its phase, taken back or not. */
function createPhaseClock(startMs: number) {
  let [sinceMs, phase] = [startMs, '']
  return {
    sinceMs: () => sinceMs,
    observe(nowMs: number, rollout: Rollout | undefined): void {
      const next = `${rollout?.status?.phase} ${rollout?.status?.abort}`
      if (next !== phase) sinceMs = nowMs
      phase = next
    },
  }
}
