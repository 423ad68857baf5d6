/**
 * A wire to the API server that a test can cut. Cut off, connections are reset and refused. Held, nothing passes in either direction, and what was
 * sent is kept and delivered when the wire is whole again, long after its sender has given up: as bad as a network can be. It must not
 * look into what it carries.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CutProxy {
  readonly port: number
  /** Resets what is connected and refuses the rest. */
  cut(): void
  hold(): void
  heal(): void
  /** Bytes from the client that are held. */
  heldBytes(): number
  stop(): Promise<void>
}

type State = 'whole' | 'held' | 'cut'

/** One direction: what came while the wire was held, in order, with the end of the stream if it came. */
interface Pipe {
  readonly from: Socket
  readonly to: Socket
  readonly kept: Buffer[]
  hasEnded: boolean
}

/** A server stops working for a client that has hung up; a late request is worse when its sender seems to be there. */
const HANG_UP_DELAY_MS = 2_000

export async function startCutProxy(target: { readonly port: number }): Promise<CutProxy> {
  const sockets = new Set<Socket>()
  const upward = new Set<Pipe>()
  const downward = new Set<Pipe>()
  let state: State = 'whole'

  function open(from: Socket, to: Socket, pipes: Set<Pipe>): void {
    const pipe: Pipe = { from, to, kept: [], hasEnded: false }
    pipes.add(pipe)
    from.on('data', (bytes) => {
      if (state === 'held') pipe.kept.push(bytes)
      else to.write(bytes)
    })
    from.on('end', () => {
      pipe.hasEnded = true
      if (state !== 'held') to.end()
    })
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      // A reset takes back what the sender's kernel had not got rid of yet.
      if (pipe.hasEnded && pipe.kept.length > 0) return
      pipes.delete(pipe)
      if (state !== 'held') to.destroy()
    })
  }

  function release(pipe: Pipe): void {
    const late = pipe.kept.splice(0)
    for (const bytes of late) if (pipe.to.writable) pipe.to.write(bytes)
    if (!pipe.hasEnded && !pipe.from.destroyed) return
    setTimeout(() => pipe.to.end(), late.length > 0 ? HANG_UP_DELAY_MS : 0).unref()
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (state === 'cut') return void client.resetAndDestroy()
    const upstream = connect({ port: target.port, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, upstream]) sockets.add(socket)
    open(client, upstream, upward)
    open(upstream, client, downward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = 'cut'
      for (const socket of sockets) socket.resetAndDestroy()
    },
    hold() {
      state = 'held'
    },
    heal() {
      state = 'whole'
      for (const pipe of [...upward, ...downward]) release(pipe)
    },
    heldBytes: () => [...upward].flatMap(({ kept }) => kept).reduce((sum, bytes) => sum + bytes.length, 0),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
