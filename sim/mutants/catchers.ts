/**
 * What looks for the damage that a mutant does: each catcher bundles its checks together with the mutant and runs them in a process of its own, up
 * to the first that fails. None of them knows which mutant it is.
 */
import { readManifests } from '../cluster/definitions.ts'
import { bundle } from './bundle.ts'
import { runBundle } from './child.ts'
import type { Finding } from './finding.ts'
import type { CatcherId, Mutant } from './mutant.ts'
import type { KnownEndings } from './story-check.ts'
import type { KnownTales } from './tale-check.ts'

export interface Search {
  /** Absent: nothing differs. */
  readonly found?: Finding
  readonly cpuMs: number
}

/** @param name one of the catcher's checks; undefined: all */
export type Catcher = (mutant: Mutant | undefined, name: string | undefined) => Promise<Search>

/** The seeded walks over the small world of the golden stories, by the name in a witness. */
export const walks = {
  decisions: 'test/unit/domain/properties.test.ts',
  canaries: 'test/unit/domain/canary-properties.test.ts',
  experiments: 'test/unit/domain/experiment/properties.test.ts',
} as const
export const isWalk = (name: string): name is keyof typeof walks => Object.hasOwn(walks, name)

const WALKS = { PENSTOCK_RUNS: '60' }

/** @param tales that are going to be asked for by name; more are learned when they are */
export function createCatchers(tales: readonly string[]): Readonly<Record<CatcherId, Catcher>> {
  const learnStories = once(() => learn<KnownEndings>(LEARN_STORIES))
  return {
    tale: createTaleCatcher(tales),
    seed: createSeedCatcher(),
    async story(mutant, name) {
      const { known, cpuMs } = await learnStories()
      const search = await runCheck(mutant, renderStoryCheck({ known, ...(name === undefined ? {} : { only: name }) }))
      return { ...search, cpuMs: search.cpuMs + cpuMs }
    },
    async walk(mutant, name) {
      if (name !== undefined && !isWalk(name)) throw new Error(`there is no walk "${name}"`)
      const files = name === undefined ? Object.values(walks) : [walks[name]]
      let cpuMs = 0
      for (const file of files) {
        const search = await runSuite(mutant, { file, title: undefined, env: WALKS })
        cpuMs += search.cpuMs
        if (search.found) return { ...search, cpuMs }
      }
      return { cpuMs }
    },
    golden: (mutant, name) => runCheck(mutant, renderGoldenCheck(name), name === undefined ? [] : BRIEFLY),
    async test(mutant, name) {
      if (name === undefined) return { cpuMs: 0 }
      const [file = '', title] = name.split(' › ')
      return runSuite(mutant, { file, title, env: {} })
    },
  }
}

/** Seeds that the product as it is gets through; from the first on. */
const SEEDS = 40

/** A seed that fails without any mutant as well tells nothing about one. */
function createSeedCatcher(): Catcher {
  const healthy = new Map<number, boolean>()
  async function isHealthy(seed: number): Promise<readonly [boolean, number]> {
    const known = healthy.get(seed)
    if (known !== undefined) return [known, 0]
    const { found, cpuMs } = await runCheck(undefined, renderSeedCheck(seed, 1))
    healthy.set(seed, found === undefined)
    return [found === undefined, cpuMs]
  }
  return async (mutant, name) => {
    const [from, last] = name === undefined ? [1, SEEDS] : [Number(name), Number(name)]
    let cpuMs = 0
    for (let next = from; next <= last; ) {
      const { found, cpuMs: spent } = await runCheck(mutant, renderSeedCheck(next, last - next + 1))
      cpuMs += spent
      if (!found) return { cpuMs }
      const seed = Number(/^seed (\d+)$/.exec(found.where)?.[1])
      if (Number.isNaN(seed)) return { found, cpuMs }
      const [isTelling, spentAgain] = await isHealthy(seed)
      cpuMs += spentAgain
      if (isTelling) return { found, cpuMs }
      next = seed + 1
    }
    return { cpuMs }
  }
}

const renderSeedCheck = (from: number, count: number): string => `
import { findBrokenSeed } from './sim/mutants/seed-check.ts'
process.stdout.write(JSON.stringify((await findBrokenSeed(${from}, ${count})) ?? null) + '\\n')
process.exit(0)`

const renderStoryCheck = (order: object): string => `
import { findDifference } from './sim/mutants/story-check.ts'
process.stdout.write(JSON.stringify((await findDifference(${JSON.stringify(order)})) ?? null) + '\\n')
process.exit(0)`

const renderGoldenCheck = (name: string | undefined): string => `
import { findChangedStory } from './sim/mutants/golden-check.ts'
process.stdout.write(JSON.stringify(findChangedStory(${name === undefined ? '' : JSON.stringify(name)}) ?? null) + '\\n')
process.exit(0)`

const LEARN_STORIES = `
import { learnEndings } from './sim/mutants/story-check.ts'
process.stdout.write(JSON.stringify(await learnEndings()) + '\\n', () => process.exit(0))`

const renderLearnTales = (names: readonly string[] | undefined): string => `
import { learnTales } from './sim/mutants/tale-check.ts'
process.stdout.write(JSON.stringify(await learnTales(${JSON.stringify(names)})) + '\\n', () => process.exit(0))`

const renderTaleCheck = (call: string): string => `
import { checkTale, findOtherTale } from './sim/mutants/tale-check.ts'
process.stdout.write(JSON.stringify((await ${call}) ?? null) + '\\n')
process.exit(0)`

/** Of one mutant's search among tales; in seconds of the processor. */
const TALE_SEARCH_S = 90

/** How a tale ends with the product as it is, and on which course, is learned once. */
function createTaleCatcher(names: readonly string[]): Catcher {
  const learnNamed = once(() => learn<KnownTales>(renderLearnTales(names)))
  const learnAll = once(() => learn<KnownTales>(renderLearnTales(undefined)))
  // As text in a text: to parse that is no work.
  const manifests = JSON.stringify(JSON.stringify(readManifests()))
  return async (mutant, name) => {
    const isNamed = name !== undefined && names.includes(name)
    const { known, cpuMs } = isNamed ? await learnNamed() : await learnAll()
    const tale = name?.split(' › ')[0] ?? ''
    const call =
      name === undefined
        ? `findOtherTale(${JSON.stringify(known)}, ${TALE_SEARCH_S})`
        : `checkTale(${JSON.stringify(name)}, ${JSON.stringify({ [tale]: known[tale] })}, JSON.parse(${manifests}))`
    const search = await runCheck(mutant, renderTaleCheck(call), name === undefined ? [] : BRIEFLY)
    return { ...search, cpuMs: search.cpuMs + cpuMs }
  }
}

interface Learned<T> {
  readonly known: T
  /** 0 for all but the first who asks. */
  readonly cpuMs: number
}

function once<T>(learnIt: () => Promise<Learned<T>>): () => Promise<Learned<T>> {
  let learned: Promise<Learned<T>> | undefined
  return async () => {
    if (learned) return { known: (await learned).known, cpuMs: 0 }
    learned = learnIt()
    return learned
  }
}

async function learn<T>(code: string): Promise<Learned<T>> {
  const { answer, errors, cpuMs } = await ask(undefined, code, [])
  if (answer === undefined) throw new Error(`the product as it is does not come to its end: ${errors}`)
  return { known: JSON.parse(answer) as T, cpuMs }
}

/** For a check that is over in a second: to optimize code takes longer than it saves. */
const BRIEFLY = ['--no-opt', '--max-lazy']

/** A check of ours prints a finding or null. */
async function runCheck(mutant: Mutant | undefined, code: string, flags: readonly string[] = []): Promise<Search> {
  const { isPart, hangs, answer, errors, cpuMs } = await ask(mutant, code, flags)
  if (!isPart) return { cpuMs }
  if (hangs) return { found: { where: 'all of it', why: 'it does not end' }, cpuMs }
  if (answer === undefined) return { found: { where: 'all of it', why: shorten(errors) }, cpuMs }
  const found = JSON.parse(answer) as Finding | null
  return found ? { found, cpuMs } : { cpuMs }
}

async function ask(mutant: Mutant | undefined, code: string, flags: readonly string[]) {
  const file = await bundle(code, mutant)
  if (file === undefined) return { isPart: false, hangs: false, answer: undefined, errors: '', cpuMs: 0 }
  let answer: string | undefined
  const { end, errors, cpuMs } = await runBundle(file, {
    flags,
    isEnough(line) {
      if (/^(null|\{.*\})$/.test(line)) answer = line
      return false
    },
  })
  return { isPart: true, hangs: end === 'hung', answer, errors, cpuMs }
}

interface Suite {
  /** Below the root. */
  readonly file: string
  /** Only the test of this name. */
  readonly title: string | undefined
  readonly env: Readonly<Record<string, string>>
}

/** One suite up to its first failure, read from what it reports in TAP. */
async function runSuite(mutant: Mutant | undefined, { file: path, title, env }: Suite): Promise<Search> {
  const file = await bundle(`import './${path}'`, mutant)
  if (file === undefined) return { cpuMs: 0 }
  const flags = [
    ...(env === WALKS ? [] : BRIEFLY),
    '--test-reporter=tap',
    ...(title === undefined ? [] : [`--test-name-pattern=/^${quote(title)}$/`]),
  ]
  const { read, findFailure, hasRun } = createTapReader()
  const { end, code, errors, cpuMs } = await runBundle(file, { flags, env, isEnough: read })
  const failure = findFailure()
  if (end === 'hung') return { found: { where: title ?? path, why: 'it does not end' }, cpuMs }
  if (failure) return { found: failure, cpuMs }
  if (code !== 0) return { found: { where: path, why: shorten(errors) }, cpuMs }
  if (!hasRun(title)) throw new Error(`${path}: there is no test "${title ?? ''}"`)
  return { cpuMs }
}

const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
const shorten = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 200)

/** The first failed test, with the first line that says why. */
function createTapReader() {
  let where: string | undefined
  let why = ''
  const passed = new Set<string>()
  let isDone = false
  return {
    read(line: string): boolean {
      const name = /^\s*ok \d+ - (.*)$/.exec(line)?.[1]
      if (name !== undefined && !name.includes('# SKIP')) passed.add(name.replace(/\\([#\\])/g, '$1'))
      where ??= /^\s*not ok \d+ - (.*)$/.exec(line)?.[1]
      if (where === undefined || isDone) return isDone
      const text = line.trim()
      if (/^(Got error: )?(Error: )?[SL]\d+\w*: /.test(text) || (why === '' && /^error: (?!\|)/.test(text)))
        why = text.replace(/^(Got error: |error: |Error: )+/, '')
      isDone = text === '...'
      return isDone
    },
    findFailure: (): Finding | undefined => (where === undefined ? undefined : { where, why: shorten(why) }),
    hasRun: (title: string | undefined): boolean => (title === undefined ? passed.size > 0 : passed.has(title)),
  }
}
