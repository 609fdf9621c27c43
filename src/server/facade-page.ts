import type { EvergrantError } from '../kernel/index.ts'
import { html, renderPage, withCode } from './page.ts'

/** An authorization that can be answered nowhere else, told to the person at the browser. */
export function renderFacadePage(error: EvergrantError, traceId: string): string {
  const { detail, remedy, definition } = error
  return renderPage({
    title: definition.title,
    tone: 'bad',
    body: html`<p>${detail}</p>
      <p>${withCode(remedy)}</p>
      <p class="soft">
        Nothing was handed out. Whoever looks after Evergrant finds what happened with
        <code>evergrant traces show ${traceId}</code>.
      </p>`,
  })
}
