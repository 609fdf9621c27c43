import { EvergrantError } from '../kernel/index.ts'

/** What a page asks for, by the names of its fields. */
export type Typed = Readonly<Record<string, () => string>>

/** A page as somebody sees it. */
interface SeenPage {
  readonly heading: string
  readonly url: string
  /** It is loaded again by itself in a moment. */
  readonly isGoingOn: boolean
}

/** Somebody at a browser without script: pages, forms, redirects and cookies, as they are. */
export interface DemoPerson {
  /** Opens an address and follows where it leads. */
  open(url: string): Promise<SeenPage>
  /** Fills the form of the page in and presses its first button. */
  submit(typed: Typed): Promise<SeenPage>
}

/** More redirects than any sign-in has. */
const mostRedirects = 12

/** Sits somebody down at a browser; `fetch` is the way out. */
export function createDemoPerson(fetch: typeof globalThis.fetch): DemoPerson {
  const jars = new Map<string, Map<string, string>>()
  let page = ''
  let at = ''

  async function load(first: string, firstInit: RequestInit = {}): Promise<SeenPage> {
    let url = first
    let init = firstInit
    for (let left = mostRedirects; left > 0; left--) {
      const { host, origin } = new URL(url)
      const jar = jars.get(host) ?? new Map<string, string>()
      jars.set(host, jar)
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const answer = await fetch(url, {
        ...init,
        redirect: 'manual',
        headers: {
          accept: 'text/html',
          ...(cookie === '' ? {} : { cookie }),
          ...(init.method === 'POST' ? { origin } : {}),
        },
      })
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=;]+)=([^;]*)/.exec(line) ?? []
        jar.set(name, value)
      }
      page = await answer.text()
      const to = answer.headers.get('location') ?? refreshOf(page)
      at = url
      if (to === undefined) {
        const heading = plain(/<h1[^>]*>([^<]+)/.exec(page)?.[1] ?? '')
        return { heading, url, isGoingOn: refreshTag(page) !== undefined }
      }
      url = new URL(plain(to), url).href
      init = {}
    }
    throw new EvergrantError('internal', `the demo was led on and on, the last time to ${at}`)
  }

  return {
    open: (url) => load(url),
    submit: (typed) => {
      const form = /<form[^>]*>[\s\S]*?<\/form>/.exec(page)?.[0]
      if (form === undefined) {
        throw new EvergrantError('internal', 'the demo met a page without a form')
      }
      const body = new URLSearchParams()
      for (const [tag] of form.matchAll(/<(?:input|button)[^>]*>/g)) {
        const name = attribute(tag, 'name')
        if (name === undefined) continue
        if (tag.startsWith('<button')) {
          // The first button is the one that Enter presses.
          if (!body.has(name)) body.set(name, attribute(tag, 'value') ?? '')
        } else body.set(name, typed[name]?.() ?? attribute(tag, 'value') ?? '')
      }
      const action = attribute(/<form[^>]*>/.exec(form)?.[0] ?? '', 'action') ?? at
      return load(new URL(action, at).href, { method: 'POST', body })
    },
  }
}

function refreshTag(page: string): string | undefined {
  return /<meta\s+http-equiv="refresh"[^>]*>/i.exec(page)?.[0]
}

/** Where a page goes on by itself at once. */
function refreshOf(page: string): string | undefined {
  const content = attribute(refreshTag(page) ?? '', 'content') ?? ''
  return /^0;\s*url=(.+)$/i.exec(content)?.[1]
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]
  return found === undefined ? undefined : plain(found)
}

function plain(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
