/** Short stand-ins for long contents, to tell whether something is what it was: of 53 bits, so that different ones hardly ever look alike by chance. */

export interface Digest {
  readonly number: (value: number) => void
  readonly name: (name: string) => void
  /** The digest of what was given since the last one, in order. */
  readonly take: () => number
}

const [ONE, OTHER] = [0x811c9dc5, 0x2545f491]

export function createDigest(): Digest {
  const double = new Float64Array(1)
  const words = new Uint32Array(double.buffer)
  // Two hashes of 32 bits each, put together as a whole number.
  let [one, other] = [ONE, OTHER]

  function word(value: number): void {
    one = Math.imul(one ^ value, 0x01000193)
    one ^= one >>> 15
    other = Math.imul(other ^ value, 0x5bd1e995)
    other ^= other >>> 13
  }

  return {
    number(value) {
      double[0] = value
      word(words[0] ?? 0)
      word(words[1] ?? 0)
    },
    name(name) {
      for (let index = 0; index < name.length; index += 1) word(name.charCodeAt(index))
      word(END)
    },
    take() {
      const taken = (one >>> 0) * 2 ** 21 + (other >>> 11)
      ;[one, other] = [ONE, OTHER]
      return taken
    },
  }
}

/** No code of a character. */
const END = 0x10000

/** For one text after the other: it begins anew when it is taken. */
const ofText = createDigest()

export function digestText(text: string): number {
  ofText.name(text)
  return ofText.take()
}
