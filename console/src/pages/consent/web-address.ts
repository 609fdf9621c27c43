/** Tells whether an address is one that a tab may be led to: no script, no file. */
export function isWebAddress(url: string): boolean {
  return URL.canParse(url) && ['https:', 'http:'].includes(new URL(url).protocol)
}
