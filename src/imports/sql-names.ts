/** An identifier as SQL takes it, whatever characters it holds. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
