/** A page as a visitor sees it. */
export interface SeenPage {
  readonly status: number
  /** Where it is, after every redirect. */
  readonly url: URL
  readonly headers: Headers
  readonly body: string
  /** Its heading, with its signs read as a browser reads them. */
  readonly heading: string
  /** Its text without elements, read in the same way. */
  readonly text: string
  /** Where it leads by itself, if it does. */
  readonly refresh: URL | undefined
  /** Where the redirects went that led to it. */
  readonly hops: readonly string[]
}

/** A browser without script, with cookies for each host, that follows redirects. */
export interface PageVisitor {
  open(url: string | URL, init?: RequestInit): Promise<SeenPage>
  /** Sends the form of a page, as the button of that very page does. */
  submit(page: SeenPage, headers?: Readonly<Record<string, string>>): Promise<SeenPage>
  /** The cookies it has for a host. */
  cookies(host: string): ReadonlyMap<string, string>
}

const mostRedirects = 12

/** Opens such a browser, with no cookie yet. */
export function openVisitor(): PageVisitor {
  const jars = new Map<string, Map<string, string>>()
  // Cookies do not look at ports.
  const jarOf = (host: string): Map<string, string> => {
    const jar = jars.get(host) ?? new Map<string, string>()
    jars.set(host, jar)
    return jar
  }
  const open: PageVisitor['open'] = async (url, init = {}) => {
    const hops: string[] = []
    let next = new URL(url)
    let how = init
    for (let i = 0; i < mostRedirects; i++) {
      const jar = jarOf(next.hostname)
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = { ...Object.fromEntries(new Headers(how.headers)), cookie }
      const response = await fetch(next, { ...how, headers, redirect: 'manual' })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (value === '') jar.delete(name)
        else jar.set(name, value)
      }
      const location = response.headers.get('location')
      const body = await response.text()
      if (location === null) return see(response, next, body, hops)
      next = new URL(location, next)
      hops.push(next.href)
      how = {}
    }
    throw new Error('redirects without an end')
  }
  return {
    open,
    submit: (page, headers = {}) => {
      const form = /<form method="post"(?: action="([^"]*)")?>/.exec(page.body)
      if (form === null) throw new Error(`no form: ${page.text}`)
      return open(new URL(read(form[1] ?? ''), page.url), {
        method: 'POST',
        body: new URLSearchParams(),
        headers: { origin: page.url.origin, 'sec-fetch-site': 'same-origin', ...headers },
      })
    },
    cookies: jarOf,
  }
}

function see(response: Response, url: URL, body: string, hops: readonly string[]): SeenPage {
  const refresh = /http-equiv="refresh"\s+content="\d+; url=([^"]*)"/.exec(body)?.[1]
  return {
    status: response.status,
    url,
    headers: response.headers,
    body,
    heading: read(/<h1>([^<]*)</.exec(body)?.[1] ?? ''),
    text: read(
      body
        .replace(/<style>.*<\/style>/s, '')
        .replaceAll(/<[^>]*>/g, ' ')
        .replaceAll(/\s+/g, ' '),
    ),
    refresh: refresh === undefined ? undefined : new URL(read(refresh), url),
    hops,
  }
}

function read(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
}
