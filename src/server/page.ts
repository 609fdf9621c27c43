import { hash } from 'node:crypto'

const style =
  ':root{color-scheme:light dark;--ground:#f3f5f8;--sheet:#fff;--ink:#18202c;--soft:#525e6e;' +
  '--line:#d5dbe3;--act:#12664b;--on-act:#fff;--good:#176b3a;--bad:#a4232b;--field:#eef1f5}' +
  '@media (prefers-color-scheme:dark){:root{--ground:#10151c;--sheet:#1a222d;--ink:#e7ebf1;' +
  '--soft:#a7b2c1;--line:#364252;--act:#7fd6b4;--on-act:#0b1f17;--good:#7fd6a2;--bad:#ff9c9c;' +
  '--field:#121922}}' +
  '*{box-sizing:border-box}' +
  'body{margin:0;padding:clamp(1rem,6vh,4.5rem) 1rem;background:var(--ground);color:var(--ink);' +
  'font:1rem/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}' +
  'main{max-width:36rem;margin:0 auto;padding:clamp(1.25rem,5vw,2.5rem);background:var(--sheet);' +
  'border:1px solid var(--line);border-radius:.75rem;overflow-wrap:break-word}' +
  '.brand{margin:0 0 1.25rem;color:var(--soft);font-size:.875rem;font-weight:600;' +
  'letter-spacing:.02em}' +
  'h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25;text-wrap:balance}' +
  'h2{margin:2rem 0 .5rem;font-size:1.0625rem}p{margin:0 0 1rem}ol,ul{padding-left:1.25rem}' +
  'li{margin-bottom:.35rem}.soft{color:var(--soft);font-size:.9375rem}' +
  '.good h1,b.good{color:var(--good)}.bad h1,b.bad{color:var(--bad)}' +
  'a{color:var(--act)}' +
  'code,pre{padding:.1em .35em;background:var(--field);border-radius:.25rem;' +
  'font:.9em/1.5 ui-monospace,"Cascadia Mono",Menlo,monospace;overflow-wrap:anywhere}' +
  'pre{margin:0 0 1rem;padding:.75rem 1rem;border:1px solid var(--line);white-space:pre-wrap;' +
  'user-select:all}' +
  'dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.4rem 1rem;margin:0 0 1.25rem}' +
  'dt{color:var(--soft)}dd{margin:0;min-width:0;overflow-wrap:anywhere}' +
  'form{margin:0 0 .75rem}' +
  'button,.button{display:inline-block;width:100%;min-height:2.75rem;padding:.6rem 1.1rem;' +
  'border:1px solid var(--act);border-radius:.5rem;background:var(--act);color:var(--on-act);' +
  'font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}' +
  'button:hover,.button:hover{filter:brightness(1.08)}' +
  ':focus-visible{outline:3px solid var(--act);outline-offset:3px}' +
  '@media (max-width:26rem){dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.6rem}}'

/** Text that may stand in a page as it is; only `html` makes it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The style of pages, as it stands in their head. */
export const styleElement = new Html(`<style>${style}</style>`)
/** The same, as a policy allows it: nothing stands around the style, its hash is of that text. */
export const styleSource = `'sha256-${hash('sha256', style, 'base64')}'`

/** What may be put into a page: texts are escaped, parts of pages are not, nothing is nothing. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[]

/** A part of a page. Whatever is put into it is escaped, in texts and in quoted attributes alike. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(parts.reduce((text, part, at) => `${text}${asHtml(values[at - 1])}${part}`))
}

function asHtml(value: HtmlValue): string {
  if (value === undefined) return ''
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(asHtml).join('')
  return String(value).replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

/** A text whose parts between backticks are what somebody types or reads as it is. */
export function withCode(text: string): Html {
  const parts = text.split('`')
  return html`${parts.map((part, at) => (at % 2 === 0 ? part : html`<code>${part}</code>`))}`
}

/** A page that people see who are not in the console. */
export interface PageContent {
  readonly title: string
  readonly body: Html
  /** Colours the heading; what it says has to say it as well. Default: neither. */
  readonly tone?: 'good' | 'bad'
  /** Asks for the page again after so long, or goes on elsewhere. */
  readonly refresh?: { readonly seconds: number; readonly url?: string }
}

/**
 * Headers of a page that runs nothing, loads nothing, is kept nowhere and stands in no frame.
 *
 * @param formAction Where its forms may go: browsers ask this of every redirect that follows, too.
 */
export function pageHeaders(formAction = `'none'`): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'x-frame-options': 'DENY',
    'content-security-policy':
      `default-src 'none'; style-src ${styleSource}; ` +
      `form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
  }
}

/** The whole page: readable without script, in both colour schemes and on small screens. */
export function renderPage({ title, body, tone, refresh }: PageContent): string {
  const again =
    refresh === undefined
      ? undefined
      : html`<meta
          http-equiv="refresh"
          content="${refresh.seconds}${refresh.url === undefined ? '' : `; url=${refresh.url}`}"
        />`
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        ${again}
        <title>${title} · Evergrant</title>
        ${styleElement}
      </head>
      <body>
        <main class="${tone ?? 'plain'}">
          <p class="brand">Evergrant</p>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `
  return page.text
}

/** Whose consent to what a page is about, as rows of a list; a provider without tenants has no row. */
export function applicationRows(tenant: string, clientId: string): Html {
  const ofTenant = html`<dt>Tenant</dt>
    <dd>${tenant}</dd>`
  return html`${tenant === '' ? undefined : ofTenant}
    <dt>Application</dt>
    <dd>${clientId}</dd>`
}
