import { err, ok, type Result } from '../kernel/index.ts'
import type { ConfigProblem } from './problem.ts'

const greatestBytes = 1_048_576

/** Decodes a configuration file strictly: UTF-8, with or without byte order mark, up to 1 MiB. */
export function decodeText(bytes: Uint8Array): Result<string, ConfigProblem> {
  if (bytes.length > greatestBytes) {
    return refuse(1, `${bytes.length} bytes`, 'Name the configuration, not another file.')
  }
  const isUtf16 =
    (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (isUtf16) return refuse(1, 'UTF-16', 'Save the file as UTF-8.')
  const nul = bytes.indexOf(0)
  if (nul >= 0) return refuse(lineOf(bytes, nul), 'binary data', 'Name the configuration.')
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refuse(firstBadLine(bytes), 'bytes of another encoding', 'Save the file as UTF-8.')
  }
}

function refuse(line: number, seen: string, remedy: string): Result<string, ConfigProblem> {
  return err({ path: '', line, column: 1, expected: 'text in UTF-8', seen, remedy })
}

function lineOf(bytes: Uint8Array, offset: number): number {
  return bytes.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1
}

/** No byte of a longer UTF-8 sequence is a newline, so that lines can be tried one by one. */
function firstBadLine(bytes: Uint8Array): number {
  let start = 0
  for (let line = 1; ; line++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))
    } catch {
      return line
    }
    if (newline < 0) return line
    start = newline + 1
  }
}
