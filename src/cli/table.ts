/**
 * Writes rows as columns aligned by blanks under a head, for people and for `awk`: a cell never
 * holds a line break or a control character, whatever a provider or a file put there. Lines end
 * without blanks, the text with a line break.
 */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(printable))]
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => displayWidth(line[column] ?? ''))),
  )
  return lines
    .map((line) => line.map((cell, column) => pad(cell, widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/**
 * Writes facts one a line, names aligned; a value of several lines is indented under its first.
 * Facts without a value are left out.
 */
export function formatFields(fields: readonly (readonly [string, string | undefined])[]): string {
  const present = fields.filter(
    (field): field is readonly [string, string] => field[1] !== undefined,
  )
  const width = Math.max(0, ...present.map(([name]) => displayWidth(name)))
  return present
    .map(([name, value]) => {
      const [first = '', ...rest] = value.split('\n').map(printable)
      const indented = rest.map((line) => `${' '.repeat(width + 2)}${line}`.trimEnd())
      return [`${pad(name, width)}  ${first}`.trimEnd(), ...indented, ''].join('\n')
    })
    .join('')
}

/** A number of things, in words: `1 account`, `2 accounts`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`
}

/** Replaces what could move a terminal's cursor or break a line. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu, ' ')
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)))
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uff01-\uff60]/u

/** How many columns of a terminal a text takes. */
function displayWidth(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}
