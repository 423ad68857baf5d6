/**
 * Columns of whole numbers that only grow at their end, in a byte or two for each: steady counters and the times of scrapes hardly change their step. What
 * is no whole number is kept as it is. Nothing is lost either way. All columns of a store share a few arrays, as an object for each would be several
 * times as large as what is in it, and the collector would have to visit it.
 */

export interface NumberStore {
  columns: number
  /** By column, {@link STRIDE} numbers: see the offsets below. */
  state: Float64Array
  /** Chunks of {@link CHUNK} bytes; those of a column are a chain. The first one is nobody's. */
  bytes: Uint8Array
  /** By chunk: the one that follows. */
  next: Uint32Array
  chunks: number
}

/** One column. Its newest {@link RECENT} numbers are at hand, others are unpacked from the first one on. */
export interface PackedNumbers {
  readonly store: NumberStore
  /** Where its state begins. */
  readonly at: number
}

const CHUNK = 32
/** How many of the newest numbers are there unpacked as well: those are read at every look. A power of two. */
export const RECENT = 4
/** Offsets into the state of a column: how many numbers, the last whole one and the step before it, the first chunk, where the next byte goes. */
const [LENGTH, LAST, STEP, HEAD, TAIL, NEWEST] = [0, 1, 2, 3, 4, 5]
const STRIDE = NEWEST + RECENT
/** Stands before a number that is kept as it is; changes of the step are written from 1 on. */
const AS_IT_IS = 0
/** Changes of steps between numbers up to here are whole, and stay so when they are doubled. */
const LARGEST = 2 ** 49
/** Arrays grow by this much and a little. */
const GROWTH = 1.125
const LEAST_GROWTH = 8

/** `columns`: how many there will be, where that is known. */
export const createNumberStore = (columns = 0): NumberStore => ({
  columns: 0,
  state: new Float64Array(columns * STRIDE),
  bytes: new Uint8Array(0),
  next: new Uint32Array(0),
  chunks: 1,
})

export function addColumn(store: NumberStore): PackedNumbers {
  const at = store.columns * STRIDE
  store.columns += 1
  if (store.state.length < at + STRIDE) {
    const state = new Float64Array(roomFor(store.columns) * STRIDE)
    state.set(store.state)
    store.state = state
  }
  return { store, at }
}

export const lengthOf = ({ store, at }: PackedNumbers): number => store.state[at + LENGTH] ?? 0

export function newestOf({ store, at }: PackedNumbers): number | undefined {
  const length = store.state[at + LENGTH] ?? 0
  return length === 0 ? undefined : store.state[placeOf(at, length - 1)]
}

export function pushNumber({ store, at }: PackedNumbers, value: number): void {
  const { state } = store
  if (isPackable(value)) {
    const step = value - (state[at + LAST] ?? 0)
    putNumber(store, at, 1 + zigzag(step - (state[at + STEP] ?? 0)))
    state[at + STEP] = step
    state[at + LAST] = value
  } else {
    putByte(store, at, AS_IT_IS)
    asDouble[0] = value
    for (const byte of asBytes) putByte(store, at, byte)
  }
  const length = state[at + LENGTH] ?? 0
  state[placeOf(at, length)] = value
  state[at + LENGTH] = length + 1
}

/** One of the newest; undefined for others, and beyond the end. */
export function numberAt(numbers: PackedNumbers, index: number): number | undefined {
  const { store, at } = numbers
  const length = lengthOf(numbers)
  return index >= 0 && index < length && length - index <= RECENT ? store.state[placeOf(at, index)] : undefined
}

/** Undefined beyond the end. */
export type ReadNumber = (numbers: PackedNumbers, index: number) => number | undefined

/** Columns that are read far back are unpacked once, for as long as the reader is kept. */
export function createNumberReader(): ReadNumber {
  const unpacked = new Map<PackedNumbers, readonly number[]>()
  return (numbers, index) => {
    const recent = numberAt(numbers, index)
    if (recent !== undefined || index >= lengthOf(numbers)) return recent
    const known = unpacked.get(numbers) ?? []
    // It may have grown since.
    const all = index < known.length ? known : readNumbers(numbers)
    unpacked.set(numbers, all)
    return all[index]
  }
}

/** All of them from `index` on. */
export function readNumbers(numbers: PackedNumbers, index = 0): number[] {
  const length = lengthOf(numbers)
  if (length - index > RECENT) return Array.from(unpackNumbers(numbers).subarray(index))
  const values: number[] = []
  for (let place = index; place < length; place += 1) values.push(numberAt(numbers, place) ?? 0)
  return values
}

/** All of them. One loop, as V8 would box the numbers of nearly every step on their way between functions. */
export function unpackNumbers({ store: { state, bytes, next }, at }: PackedNumbers): Float64Array {
  const values = new Float64Array(state[at + LENGTH] ?? 0)
  const raw = new Uint8Array(values.buffer)
  let place = (state[at + HEAD] ?? 0) * CHUNK
  let [last, step, code, scale, index, left] = [0, 0, 0, 1, 0, 0]
  while (index < values.length) {
    const byte = bytes[place] ?? 0
    place += 1
    if (place % CHUNK === 0) place = (next[place / CHUNK - 1] ?? 0) * CHUNK
    if (left > 0) {
      raw[(index + 1) * DOUBLE_BYTES - left] = byte
      left -= 1
      if (left === 0) index += 1
      continue
    }
    code += (byte % 128) * scale
    scale *= 128
    if (byte >= 128) continue
    if (code === AS_IT_IS) left = DOUBLE_BYTES
    else {
      step += code % 2 === 1 ? (code - 1) / 2 : -code / 2
      last += step
      values[index] = last
      index += 1
    }
    code = 0
    scale = 1
  }
  return values
}

/** A column of its own with the first `length` numbers, in the same store. */
export function copyNumbers(numbers: PackedNumbers, length: number): PackedNumbers {
  const copy = addColumn(numbers.store)
  for (const value of readNumbers(numbers).slice(0, length)) pushNumber(copy, value)
  return copy
}

/** Bytes in memory, roughly. */
export const bytesOf = ({ state, bytes, next }: NumberStore): number =>
  state.byteLength + bytes.byteLength + next.byteLength

const DOUBLE_BYTES = 8
const asDouble = new Float64Array(1)
const asBytes = new Uint8Array(asDouble.buffer)

const roomFor = (needed: number): number => Math.ceil(needed * GROWTH) + LEAST_GROWTH

const placeOf = (at: number, index: number): number => at + NEWEST + (index & (RECENT - 1))

const isPackable = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value) <= LARGEST && !Object.is(value, -0)

/** Small for what is near 0, whatever its sign. */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

/** Seven bits a byte, the lowest first; the eighth says that more follow. Arithmetic, as bit operations end at 32. */
function putNumber(store: NumberStore, at: number, value: number): void {
  let left = value
  while (left >= 128) {
    putByte(store, at, 128 + (left % 128))
    left = Math.floor(left / 128)
  }
  putByte(store, at, left)
}

function putByte(store: NumberStore, at: number, byte: number): void {
  const { state } = store
  let place = state[at + TAIL] ?? 0
  if (place % CHUNK === 0) {
    const chunk = addChunk(store)
    if (place === 0) state[at + HEAD] = chunk
    else store.next[place / CHUNK - 1] = chunk
    place = chunk * CHUNK
  }
  store.bytes[place] = byte
  state[at + TAIL] = place + 1
}

function addChunk(store: NumberStore): number {
  const chunk = store.chunks
  store.chunks += 1
  if (store.next.length < store.chunks) {
    const room = roomFor(store.chunks)
    const [bytes, next] = [new Uint8Array(room * CHUNK), new Uint32Array(room)]
    bytes.set(store.bytes)
    next.set(store.next)
    store.bytes = bytes
    store.next = next
  }
  return chunk
}
