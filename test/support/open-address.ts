const mostRedirects = 10

/**
 * Opens an authorization address as a browser would, at a provider that asks nothing: follows its
 * redirects with cookies up to the redirect URI, which is not called.
 *
 * @returns The address that the sign-in led to.
 */
export async function openAddress(address: string, redirectUri: string): Promise<string> {
  const cookies = new Map<string, string>()
  let next = new URL(address)
  for (let i = 0; i < mostRedirects; i++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(next, { redirect: 'manual', headers: { cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    if (location === null)
      throw new Error(`no redirect: ${response.status} ${await response.text()}`)
    await response.body?.cancel()
    next = new URL(location, next)
    if (next.href.startsWith(redirectUri)) return next.href
  }
  throw new Error('redirects without an end')
}
