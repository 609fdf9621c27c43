/** A browser at the console: it keeps cookies, and says where a request comes from as browsers do. */
export interface ConsoleBrowser {
  /** Cookies it has, by name. */
  readonly cookies: Map<string, string>
  /** Every `Set-Cookie` that it was sent. */
  readonly setCookies: string[]
  /** Calls an address of the service, or another one; follows no redirect. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Sends the form of a page whose action it names. */
  submit(page: string, action: string, index?: number): Promise<Response>
  /** Calls the API as a page of the console does. */
  call(
    method: string,
    path: string,
    body?: object,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Response>
  /** Signs in with a link. */
  enter(link: string): Promise<void>
  /** Who is signed in; undefined when nobody is. */
  session(): Promise<Readonly<Record<string, unknown>> | undefined>
}

/** Opens a browser on a service. @param baseUrl Where it is reached. */
export function openConsoleBrowser(baseUrl: string): ConsoleBrowser {
  const cookies = new Map<string, string>()
  const setCookies: string[] = []
  const browser: ConsoleBrowser = {
    cookies,
    setCookies,
    fetch: async (path, init = {}) => {
      const headers = new Headers(init.headers)
      if (cookies.size > 0 && !headers.has('cookie')) {
        headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
      }
      const answer = await fetch(new URL(path, baseUrl), { ...init, headers, redirect: 'manual' })
      for (const set of answer.headers.getSetCookie()) {
        setCookies.push(set)
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
        if (/max-age=0/i.test(set)) cookies.delete(name)
        else cookies.set(name, value)
      }
      return answer
    },
    submit: async (page, action, index = 0) => {
      const forms = [...page.matchAll(/<form method="post" action="([^"]+)">(.*?)<\/form>/gs)]
      const form = forms.filter(([, to]) => to === action)[index]
      if (form === undefined) throw new Error(`the page has no form to ${action}`)
      const fields = [...(form[2] ?? '').matchAll(/name="(\w+)"\s+value="([^"]*)"/g)]
      const body = new URLSearchParams(
        Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value])),
      )
      // As a browser sends it from a page without referrer.
      const headers = { origin: 'null', 'sec-fetch-site': 'same-origin' }
      return await browser.fetch(action, { method: 'POST', body, headers })
    },
    call: async (method, path, body, headers = {}) => {
      const csrf = method === 'GET' ? undefined : String((await browser.session())?.['csrf'])
      return await browser.fetch(path, {
        method,
        headers: {
          'sec-fetch-site': 'same-origin',
          ...(csrf === undefined ? {} : { 'evergrant-csrf': csrf, origin: baseUrl }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    },
    enter: async (link) => {
      const { pathname } = new URL(link)
      const page = await (await browser.fetch(pathname)).text()
      const answer = await browser.submit(page, pathname)
      if (answer.status !== 303) throw new Error(`not signed in: ${await answer.text()}`)
    },
    session: async () => {
      const headers = { 'sec-fetch-site': 'same-origin' }
      const answer = await browser.fetch('/console/session', { headers })
      const body = (await answer.json()) as Record<string, unknown>
      return answer.status === 200 ? body : undefined
    },
  }
  return browser
}
