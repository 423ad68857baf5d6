/**
 * The kinds of noise that a healthy release is judged in. `own` are the parameters of the design's tables as far as it names them; `alt` are others,
 * so that a judge is not only good at the noise it was made with. Shapes and numbers only.
 */

export const noiseIds = [
  'iid',
  'bursty',
  'incident',
  'skew',
  'warm-up',
  'sick',
  'resets',
  'gap',
  'hpa',
  'pareto',
  /** Business events: few retries, hardly any moods. */
  'mild',
  /** Small services. */
  '2-pods',
  '3-pods',
  '4-pods',
  '6-pods',
] as const
export type NoiseId = (typeof noiseIds)[number]

export const noiseSets = ['own', 'alt'] as const
export type NoiseSet = (typeof noiseSets)[number]

export interface Noise {
  /** Bad events come in clumps (retries, one broken connection); a mean of 1 is none. */
  readonly clump: { readonly kind: 'geometric' | 'pareto'; readonly mean: number }
  /** AR(1) moods on the logarithm of the rate, by scrape: of each pod, and of all together. */
  readonly pod: { readonly sd: number; readonly rho: number }
  readonly shared: { readonly sd: number; readonly rho: number }
  /** Something that both arms suffer from; the canary sees it `skewTicks` scrapes later. */
  readonly incident?: { readonly seconds: number; readonly rate: number; readonly skewTicks: number }
  /** Fresh pods of the canary (and of Kayenta's baseline) fail `factor` times as often, and are as much slower as `slower`. */
  readonly cold?: { readonly seconds: number; readonly factor: number; readonly slower: number }
  /** One stable pod that fails that many times as often. */
  readonly sickFactor?: number
  /** Every pod's process starts anew that often: its counters too. */
  readonly restartSeconds?: number
  /** Scrapes are missing for `seconds`, every so often. */
  readonly gap?: { readonly everySeconds: number; readonly seconds: number }
  /** Twice as many pods in both arms from this second on. */
  readonly doublingAtSeconds?: number
  readonly replicas: number
  /** Latency: share of a pod's scrapes in which a stall hits, which share of the requests, how many times slower they are. */
  readonly stall: { readonly chance: number; readonly share: number; readonly slower: number }
  /** Moods of ln latency. */
  readonly pace: { readonly podSd: number; readonly sharedSd: number }
}

const calm: Noise = {
  clump: { kind: 'geometric', mean: 1 },
  pod: { sd: 0, rho: 0 },
  shared: { sd: 0, rho: 0 },
  replicas: 20,
  stall: { chance: 0, share: 0, slower: 1 },
  pace: { podSd: 0, sharedSd: 0 },
}

const ownBursty: Noise = {
  ...calm,
  clump: { kind: 'geometric', mean: 3 },
  pod: { sd: 0.3, rho: 0.8 },
  shared: { sd: 0.4, rho: 0.8 },
  stall: { chance: 0.03, share: 0.05, slower: 5 },
  pace: { podSd: 0.05, sharedSd: 0.1 },
}

const own: Readonly<Record<NoiseId, Noise>> = {
  iid: calm,
  bursty: ownBursty,
  incident: { ...calm, incident: { seconds: 60, rate: 0.1, skewTicks: 0 } },
  skew: { ...ownBursty, incident: { seconds: 60, rate: 0.1, skewTicks: 1 } },
  'warm-up': { ...calm, cold: { seconds: 45, factor: 10, slower: 2.5 } },
  sick: { ...ownBursty, sickFactor: 5 },
  resets: { ...ownBursty, restartSeconds: 600 },
  gap: { ...ownBursty, gap: { everySeconds: 240, seconds: 30 } },
  hpa: { ...ownBursty, doublingAtSeconds: 600 },
  pareto: { ...ownBursty, clump: { kind: 'pareto', mean: 2.47 } },
  mild: { ...calm, clump: { kind: 'geometric', mean: 1.3 }, pod: { sd: 0.1, rho: 0.8 }, shared: { sd: 0.2, rho: 0.8 } },
  '2-pods': { ...calm, replicas: 2 },
  '3-pods': { ...calm, replicas: 3 },
  '4-pods': { ...calm, replicas: 4 },
  '6-pods': { ...calm, replicas: 6 },
}

const altBursty: Noise = {
  clump: { kind: 'geometric', mean: 4 },
  pod: { sd: 0.4, rho: 0.9 },
  shared: { sd: 0.6, rho: 0.95 },
  replicas: 12,
  stall: { chance: 0.02, share: 0.08, slower: 4 },
  pace: { podSd: 0.07, sharedSd: 0.15 },
}

const altCalm: Noise = { ...calm, replicas: 12 }

const alt: Readonly<Record<NoiseId, Noise>> = {
  iid: altCalm,
  bursty: altBursty,
  incident: { ...altCalm, incident: { seconds: 120, rate: 0.05, skewTicks: 0 } },
  skew: { ...altBursty, incident: { seconds: 45, rate: 0.2, skewTicks: 1 } },
  'warm-up': { ...altCalm, cold: { seconds: 30, factor: 20, slower: 4 } },
  sick: { ...altBursty, sickFactor: 10 },
  resets: { ...altBursty, restartSeconds: 420 },
  gap: { ...altBursty, gap: { everySeconds: 150, seconds: 30 } },
  hpa: { ...altBursty, doublingAtSeconds: 450 },
  pareto: { ...altBursty, clump: { kind: 'pareto', mean: 2.47 } },
  mild: {
    ...altCalm,
    clump: { kind: 'geometric', mean: 1.5 },
    pod: { sd: 0.15, rho: 0.9 },
    shared: { sd: 0.3, rho: 0.9 },
  },
  '2-pods': { ...altBursty, replicas: 2 },
  '3-pods': { ...altBursty, replicas: 3 },
  '4-pods': { ...altBursty, replicas: 4 },
  '6-pods': { ...altBursty, replicas: 6 },
}

const sets: Readonly<Record<NoiseSet, Readonly<Record<NoiseId, Noise>>>> = { own, alt }

export const noiseOf = (set: NoiseSet, id: NoiseId): Noise => sets[set][id]

/** Exponent and largest size of Pareto clumps: their mean is 2.47. */
export const PARETO_SHAPE = 1.5
export const PARETO_MOST = 200
