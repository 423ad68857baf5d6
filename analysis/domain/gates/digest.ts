/** Short stand-ins for long contents, to tell whether something is what it was: of 53 bits, so that different ones hardly ever look alike by chance. */

export interface Digest {
  readonly number: (value: number) => void
  readonly name: (name: string) => void
  /** The digest of what was given since the last one, in order. */
  readonly take: () => number
}

export function createDigest(): Digest {
  const double = new Float64Array(1)
  const words = new Uint32Array(double.buffer)
  // Names are few and come again and again.
  const names = new Map<string, number>()
  const hash = createHash()

  function number(value: number): void {
    double[0] = value
    hash.word(words[0] ?? 0)
    hash.word(words[1] ?? 0)
  }

  return {
    number,
    name(name) {
      const known = names.get(name) ?? digestText(name)
      names.set(name, known)
      number(known)
    },
    take: hash.take,
  }
}

export function digestText(text: string): number {
  for (let index = 0; index < text.length; index += 1) ofText.word(text.charCodeAt(index))
  return ofText.take()
}

const [ONE, OTHER] = [0x811c9dc5, 0x2545f491]

/** Two hashes of 32 bits each, put together as a whole number. */
function createHash() {
  let [one, other] = [ONE, OTHER]
  return {
    word(value: number): void {
      one = Math.imul(one ^ value, 0x01000193)
      one ^= one >>> 15
      other = Math.imul(other ^ value, 0x5bd1e995)
      other ^= other >>> 13
    },
    take(): number {
      const taken = (one >>> 0) * 2 ** 21 + (other >>> 11)
      ;[one, other] = [ONE, OTHER]
      return taken
    },
  }
}

/** For one text after the other: it begins anew when it is taken. */
const ofText = createHash()
