import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection of a caller, byte by byte. */
export interface RawConnection extends Disposable {
  /** What came so far. */
  text(): string
  write(text: string): void
  /** Resolves once the text has come; rejects when the connection closes before. */
  reads(text: string): Promise<void>
  /** Resolves when the other side has closed it, however that came. */
  readonly closed: Promise<void>
}

/** Opens a connection; it keeps its own side open, whatever the other does. */
export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname: host, port } = new URL(url)
  const socket: Socket = connect({ host, port: Number(port), allowHalfOpen: true })
  let text = ''
  let look = (): void => {}
  socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1')
    look()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => {
    socket.once('end', resolve).once('close', () => resolve())
  })
  await once(socket, 'connect')
  return {
    text: () => text,
    write: (wanted) => void socket.write(wanted, 'latin1'),
    reads: async (wanted) => {
      const come = new Promise<void>((resolve) => {
        look = () => {
          if (text.includes(wanted)) resolve()
        }
        look()
      })
      const isClosed = await Promise.race([come.then(() => false), closed.then(() => true)])
      if (isClosed && !text.includes(wanted)) throw new Error(`closed after ${text}`)
    },
    closed,
    [Symbol.dispose]: () => socket.destroy(),
  }
}

/** The head of a request to change the protocol. */
export function upgradeHead(path: string, key: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n`
}
