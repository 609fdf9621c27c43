import { connect, type Socket } from 'node:net'
import { serve } from './serve.ts'

/** What is asked of the load. */
export interface LoadJob {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly connections: number
  /** Requests before anything is counted (ms). */
  readonly warmUpMs: number
  readonly measureMs: number
}

/** What the load met. */
export interface LoadOutcome {
  readonly perSecond: number
  /** Times of single requests (ms). */
  readonly p50: number
  readonly p99: number
  readonly most: number
  readonly answers: number
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  /** Bytes of bodies, of the last answer. */
  readonly bodyBytes: number
}

// As many connections as asked for, one request at a time on each, sent again as soon as its answer
// is whole. Plain sockets, so that the load costs the two cores as little as possible.
serve(async (job: LoadJob): Promise<LoadOutcome> => {
  const request = Buffer.from(
    `GET ${job.path} HTTP/1.1\r\nhost: ${job.host}:${job.port}\r\n${Object.entries(job.headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  )
  const times: number[] = []
  const statuses: Record<string, number> = {}
  let bodyBytes = 0
  let failure: Error | undefined
  const beganAt = performance.now()
  const countFrom = beganAt + job.warmUpMs
  const endAt = countFrom + job.measureMs
  let lastAt = countFrom

  const drive = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(job.port, job.host)
      socket.setNoDelay(true)
      const reader = answerReader()
      let sentAt = 0
      const send = (): void => {
        sentAt = performance.now()
        socket.write(request)
      }
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', (chunk) => {
        const answer = reader(chunk)
        if (answer === undefined) return
        const now = performance.now()
        if (now >= countFrom && now < endAt) {
          times.push(now - sentAt)
          statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
          bodyBytes = answer.bodyBytes
          lastAt = now
        }
        if (now >= endAt) socket.destroy()
        else if (answer.mustClose) socket.destroy(new Error('the connection was not kept alive'))
        else send()
      })
    })
  try {
    await Promise.all(Array.from({ length: job.connections }, drive))
  } catch (error) {
    failure = error as Error
  }
  if (failure !== undefined) throw failure
  const sorted = Float64Array.from(times).toSorted()
  const at = (share: number): number =>
    sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
  return {
    perSecond: (sorted.length * 1_000) / (lastAt - countFrom),
    p50: at(0.5),
    p99: at(0.99),
    most: at(1),
    answers: sorted.length,
    statuses,
    bodyBytes,
  }
})

interface WholeAnswer {
  readonly status: string
  readonly bodyBytes: number
  readonly mustClose: boolean
}

/** Reads answers one after the other; returns one when its last byte has come. */
function answerReader(): (chunk: Buffer) => WholeAnswer | undefined {
  let head = ''
  let left = -1
  let status = ''
  let bodyBytes = 0
  let isChunked = false
  let mustClose = false
  let tail = ''
  const whole = (): WholeAnswer => {
    const answer = { status, bodyBytes, mustClose }
    head = ''
    left = -1
    return answer
  }
  return (chunk) => {
    let rest = chunk
    if (left < 0) {
      const text = head + rest.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) {
        head = text
        return undefined
      }
      const consumed = end + 4 - head.length
      head = text.slice(0, end).toLowerCase()
      status = head.slice(9, 12)
      isChunked = /\r\ntransfer-encoding: *chunked/.test(head)
      mustClose = /\r\nconnection: *close/.test(head)
      const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1]
      left = isChunked ? Number.MAX_SAFE_INTEGER : Number(length ?? 0)
      bodyBytes = 0
      tail = ''
      rest = rest.subarray(consumed)
    }
    bodyBytes += rest.length
    left -= rest.length
    if (!isChunked) return left <= 0 ? whole() : undefined
    tail = (tail + rest.subarray(-8).toString('latin1')).slice(-8)
    return tail.endsWith('0\r\n\r\n') ? whole() : undefined
  }
}
