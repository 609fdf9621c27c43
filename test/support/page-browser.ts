/** A browser without script: it keeps cookies, and the hidden fields of the page it sees. */
export interface PageBrowser {
  /** Opens an address; returns the heading of its page, or `redirected`. */
  open(url: string): Promise<string>
  /** Sends the form of the page, with what is typed; `action` names the button. */
  submit(fields: Readonly<Record<string, string>>): Promise<string>
  /** The page it sees. */
  page(): string
  /** Where it was redirected to, which is not called; undefined while it sees a page. */
  location(): URL | undefined
}

/** Opens such a browser, with no cookie yet. */
export function openPageBrowser(): PageBrowser {
  let cookie = ''
  let page = ''
  let location: string | null = null
  let base = ''
  const load = async (url: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    base = url
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    location = response.headers.get('location')
    page = await response.text()
    return /<h1>([^<]+)</.exec(page)?.[1] ?? 'redirected'
  }
  return {
    open: (url) => load(url),
    submit: (fields) => {
      const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1] ?? ''
      const hidden = [...page.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
      const body = new URLSearchParams({
        ...Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value])),
        action: 'accept',
        ...fields,
      })
      const url = new URL(action.replaceAll('&amp;', '&'), base)
      return load(url.href, { method: 'POST', body })
    },
    page: () => page,
    location: () => (location === null ? undefined : new URL(location, base)),
  }
}
