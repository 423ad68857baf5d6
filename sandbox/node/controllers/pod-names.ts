/** Names of generated pods: the owner's name and five letters, chosen here so that a seeded run repeats itself. */
import type { Random } from '../../../controller/runtime/random.ts'

/** Kubernetes' alphabet for generated names: no vowels and no look-alikes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'
const SUFFIX_LENGTH = 5
const LONGEST_NAME = 253

export function generatePodName(owner: string, random: Random): string {
  let suffix = ''
  for (let index = 0; index < SUFFIX_LENGTH; index += 1) {
    suffix += ALPHABET[Math.floor(random.next() * ALPHABET.length)] ?? 'b'
  }
  return `${owner.slice(0, LONGEST_NAME - SUFFIX_LENGTH - 1)}-${suffix}`
}
