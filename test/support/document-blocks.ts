import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** A code block of a document that its author marked with `<!-- test … -->`. */
export interface MarkedBlock {
  readonly language: string
  readonly text: string
  /** Starts something that goes on while later blocks run. */
  readonly isBackground: boolean
  /** What its last command exits with. */
  readonly exit: number
  /** What it prints, on either stream. */
  readonly prints: readonly string[]
}

/** A command line of Evergrant that a document shows. */
export interface ShownCommand {
  readonly line: string
  readonly words: readonly string[]
}

/** Reads a document of the checkout. */
export function readDocument(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Finds the blocks to run: those right below `<!-- test [background] [exit N] [prints: A | B] -->`. */
export function markedBlocks(markdown: string): readonly MarkedBlock[] {
  const marked =
    /^<!-- test( background)?(?: exit (\d+))?(?: ?prints: (.+?))? -->\n+```(\w+)\n([\s\S]*?)^```$/gm
  return [...markdown.matchAll(marked)].map(
    ([, background, exit = '0', prints, language = '', text = '']) => ({
      language,
      text,
      isBackground: background !== undefined,
      exit: Number(exit),
      prints: prints === undefined ? [] : prints.split(' | '),
    }),
  )
}

/** Finds every command line of Evergrant, in blocks of shell and in running text. */
export function shownCommands(markdown: string): readonly ShownCommand[] {
  const shell = [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, text = '']) => text.split('\n'))
    .map((line) => line.replace(/\s#.*$/, ''))
  const spans = [...withoutBlocks(markdown).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
  return [...shell, ...spans]
    .map((line) => line.trim())
    .flatMap((line) => {
      const command = /^(?:npx )?evergrant ((?!\/)[^|;&>]+)/.exec(line)?.[1]
      return command === undefined ? [] : [{ line, words: command.trim().split(/\s+/) }]
    })
}

/** Options that stand alone in running text, as `--name` or `--name VALUE`. */
export function shownOptions(markdown: string): readonly string[] {
  const spans = withoutBlocks(markdown).matchAll(/`(--[a-z][a-z-]*)(?: [^`]*)?`/g)
  return [...new Set([...spans].map(([, option = '']) => option))]
}

/** The anchors of a document’s headings. */
export function anchorsOf(markdown: string): readonly string[] {
  return [...withoutBlocks(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutBlocks(markdown: string): string {
  return markdown.replaceAll(/^```[\s\S]*?^```$/gm, '')
}
