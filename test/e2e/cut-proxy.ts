/**
 * A wire to the API server that a test can cut: nothing passes in either direction, and what was sent is kept and delivered when the wire is whole
 * again, long after its sender has given up: as bad as a network can be. It must not look into what it carries.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CutProxy {
  readonly port: number
  hold(): void
  heal(): void
  /** Bytes from the client that are held. */
  heldBytes(): number
  stop(): Promise<void>
}

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
  let isHeld = false

  function open(from: Socket, to: Socket, pipes: Set<Pipe>): void {
    const pipe: Pipe = { from, to, kept: [], hasEnded: false }
    pipes.add(pipe)
    from.on('data', (bytes) => {
      if (isHeld) pipe.kept.push(bytes)
      else to.write(bytes)
    })
    from.on('end', () => {
      pipe.hasEnded = true
      if (!isHeld) to.end()
    })
    from.on('error', () => {})
    from.on('close', () => {
      sockets.delete(from)
      // A reset takes back what the sender's kernel had not got rid of yet.
      if (!pipe.hasEnded) pipe.kept.length = 0
      if (!isHeld) close(pipe, pipes)
    })
  }

  function close(pipe: Pipe, pipes: Set<Pipe>): void {
    pipes.delete(pipe)
    pipe.to.destroy()
  }

  function release(pipe: Pipe, pipes: Set<Pipe>): void {
    const late = pipe.kept.splice(0)
    for (const bytes of late) if (pipe.to.writable) pipe.to.write(bytes)
    if (!pipe.hasEnded && !pipe.from.destroyed) return
    if (late.length === 0) close(pipe, pipes)
    else setTimeout(() => close(pipe, pipes), HANG_UP_DELAY_MS).unref()
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: target.port, host: '127.0.0.1', allowHalfOpen: true })
    for (const socket of [client, upstream]) sockets.add(socket)
    open(client, upstream, upward)
    open(upstream, client, downward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    port: (server.address() as AddressInfo).port,
    hold() {
      isHeld = true
    },
    heal() {
      isHeld = false
      for (const pipes of [upward, downward]) for (const pipe of pipes) release(pipe, pipes)
    },
    heldBytes: () => [...upward].flatMap(({ kept }) => kept).reduce((sum, bytes) => sum + bytes.length, 0),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
