import type { OpenApiDocument } from './openapi.ts'

/** The one style of the page; its hash stands in the policy that is sent with it. */
export const apiPageStyle =
  ':root{color-scheme:light dark}' +
  'body{font:1rem/1.55 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;' +
  'color:light-dark(#1b1b1b,#e8e8e8);background:light-dark(#fff,#16181b)}' +
  'a{color:light-dark(#0b5cad,#7cb8f5)}h1{font-size:1.6rem}h2{margin-top:2.5rem}' +
  'h3{font:600 1rem/1.5 ui-monospace,monospace;margin:2rem 0 .3rem;overflow-wrap:anywhere}' +
  'code{font:.9em ui-monospace,monospace}table{border-collapse:collapse;width:100%;margin:.5rem 0}' +
  'th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;' +
  'border-bottom:1px solid light-dark(#ddd,#383c42)}pre{overflow:auto;padding:.8rem;' +
  'background:light-dark(#f4f5f7,#202429)}summary{cursor:pointer}'

interface Described {
  readonly operationId?: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly description?: string
    readonly schema: unknown
  }[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: unknown }>>
  }
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description: string
        readonly content?: Readonly<Record<string, { readonly schema: unknown }>>
      }
    >
  >
}

/** The document as a page that runs nothing and loads nothing. */
export function renderApiPage(document: OpenApiDocument): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      path,
      method,
      operation: operation as unknown as Described,
    })),
  )
  const tags = [...new Set(entries.map(({ operation }) => operation.tags[0] ?? ''))]
  const { description = '' } = document['info'] as { readonly description?: string }
  const sections = tags.map((tag) => {
    const those = entries.filter(({ operation }) => operation.tags[0] === tag)
    return `<section id="${tag}"><h2>${tag}</h2>${those.map(renderOperation).join('')}</section>`
  })
  const schemas = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${name}"><summary><code>${name}</code></summary>${block(schema)}</details>`,
  )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Evergrant API</title><style>${apiPageStyle}</style></head>
<body><main>
<h1>Evergrant API</h1>
<p>${prose(description)}</p>
<p>Send a caller key as <code>Authorization: Bearer egk_…</code> or <code>Evergrant-Key</code>.
The same for programs: <a href="/api/openapi.json">openapi.json</a>.</p>
<nav>${tags.map((tag) => `<a href="#${tag}">${tag}</a>`).join(' · ')} · <a href="#schemas">schemas</a></nav>
${sections.join('\n')}
<section id="schemas"><h2>schemas</h2>${schemas.join('')}</section>
</main></body>
</html>
`
}

function renderOperation({
  path,
  method,
  operation,
}: {
  readonly path: string
  readonly method: string
  readonly operation: Described
}): string {
  const { description, parameters = [], requestBody, responses } = operation
  const rows = parameters.map(
    ({ name, in: place, required, description: about = '', schema }) =>
      `<tr><td><code>${name}</code></td><td>${place}${required ? ', required' : ''}</td>` +
      `<td><code>${escaped(JSON.stringify(schema))}</code> ${prose(about)}</td></tr>`,
  )
  const body = requestBody?.content['application/json']?.schema
  const answers = Object.entries(responses).map(
    ([status, { description: about, content = {} }]) => {
      const [schema] = Object.entries(content).flatMap(([type, one]) =>
        type === 'application/json' ? [one.schema] : [],
      )
      const shown =
        schema === undefined ? '' : `<details><summary>body</summary>${block(schema)}</details>`
      return `<tr><td><code>${status}</code></td><td>${prose(about)}${shown}</td></tr>`
    },
  )
  return (
    `<h3>${method.toUpperCase()} ${escaped(path)}</h3><p>${prose(operation.summary)}.</p>` +
    (description === undefined ? '' : `<p>${prose(description)}</p>`) +
    (rows.length === 0 ? '' : `<table>${rows.join('')}</table>`) +
    (body === undefined ? '' : `<details><summary>request body</summary>${block(body)}</details>`) +
    `<table>${answers.join('')}</table>`
  )
}

const block = (schema: unknown): string =>
  `<pre><code>${escaped(JSON.stringify(schema, undefined, 2))}</code></pre>`

/** Text with `code` marked. */
const prose = (text: string): string =>
  escaped(text)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll('\n\n', '<br>')

const escaped = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
