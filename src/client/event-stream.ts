/** One event of a stream. */
export interface StreamedEvent {
  /** Where to go on after it, where the service gave one. */
  readonly id: string | undefined
  readonly type: string
  readonly data: string
}

/**
 * Reads `text/event-stream` (WHATWG HTML section 9.2): however the bytes are cut, with comments,
 * data of several lines and any kind of line break. An event that the end of the stream cuts off is
 * none.
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<StreamedEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let id: string | undefined
  let type = ''
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
      // A line break of two characters may be cut in the middle.
      const whole = text.endsWith('\r') ? text.slice(0, -1) : text
      const lines = whole.split(/\r\n|\n|\r/)
      text = (lines.pop() ?? '') + text.slice(whole.length)
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0)
            yield { id, type: type === '' ? 'message' : type, data: data.join('\n') }
          type = ''
          data = []
          continue
        }
        const colon = line.indexOf(':')
        if (colon === 0) continue
        const name = colon === -1 ? line : line.slice(0, colon)
        const given = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
        if (name === 'data') data.push(given)
        else if (name === 'event') type = given
        else if (name === 'id' && !given.includes('\0')) id = given
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
