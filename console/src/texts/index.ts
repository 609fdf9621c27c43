import { createContext, useContext } from 'react'
import { en } from './en.ts'

/** Every text of the console, in one language. */
export type Texts = typeof en

/** Languages there are, by their tags. Another one has the same shape as `en`. */
const languages: Readonly<Record<string, Texts>> = { en }

const TextsContext = createContext<Texts>(en)

/** Hands texts to everything below it. */
export const TextsProvider = TextsContext.Provider

/** The texts of the language that the browser asks for first and that there is; English otherwise. */
export function chosenTexts(asked: readonly string[]): Texts {
  for (const tag of asked) {
    const found = languages[tag.toLowerCase()] ?? languages[tag.split('-', 1)[0] ?? '']
    if (found !== undefined) return found
  }
  return en
}

/** The texts of the console. */
export function useTexts(): Texts {
  return useContext(TextsContext)
}
