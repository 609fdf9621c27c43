import chromium from '@sparticuz/chromium'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The Chromium to start. */
    chromiumPath: string
  }
}

/** Unpacks Chromium ahead of the files that start it: two at a time would meet half of it. */
export async function setup(project: TestProject): Promise<void> {
  project.provide('chromiumPath', await chromium.executablePath())
}
