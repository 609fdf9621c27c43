import { createServer, type AddressInfo } from 'node:net'
import { serve } from './serve.ts'

const sizes: Readonly<Record<string, number>> = { '/0': 0, '/1k': 1_024, '/1m': 1_048_576 }

const answers = new Map(
  Object.entries(sizes).map(([path, size]) => [
    path,
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${size}\r\ncache-control: no-store\r\nrequest-id: 5f0f4f2e-1111-4222-8333-444444444444\r\n\r\n`,
      ),
      Buffer.alloc(size, 'x'),
    ]),
  ]),
)

// An API that costs as little as can be: whole answers, made beforehand, for requests without a
// body. It never looks at the token.
const server = createServer((socket) => {
  let text = ''
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (;;) {
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const path = text.slice(4, text.indexOf(' ', 4))
      text = text.slice(end + 4)
      socket.write(answers.get(path) ?? 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
    }
  })
})

serve(async (): Promise<{ readonly port: number }> => {
  if (!server.listening) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  return { port: (server.address() as AddressInfo).port }
})
