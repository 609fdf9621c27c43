import { useEffect, useRef, useState } from 'react'

/** Where the choice is kept; nothing else of the console is kept in a browser but the colours. */
const place = 'evergrant-keys'
/** How long after `g` the second key may come (ms). */
const secondKeyMs = 1_500

/** What keys do. */
export interface KeyActions {
  readonly search: () => void
  readonly help: () => void
  /** By the key after `g`; tells whether it leads anywhere. */
  readonly goTo: (key: string) => boolean
}

/**
 * Listens to single keys, unless whoever is here has switched them off: voice input and screen
 * readers may send them unmeant (WCAG 2.1.4).
 */
export function useKeys(actions: KeyActions): {
  readonly areOn: boolean
  readonly switchTo: (on: boolean) => void
} {
  const [areOn, setOn] = useState(() => localStorage.getItem(place) !== 'off')
  const current = useRef(actions)
  useEffect(() => {
    current.current = actions
  })
  useEffect(() => {
    if (!areOn) return undefined
    let goneAt = Number.NEGATIVE_INFINITY
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
      if (isTyping(event.target) || document.querySelector('[role=dialog], [role=menu]') !== null)
        return
      const { search, help, goTo } = current.current
      const isSecond = event.timeStamp - goneAt < secondKeyMs
      goneAt = Number.NEGATIVE_INFINITY
      if (isSecond) {
        if (goTo(event.key)) event.preventDefault()
      } else if (event.key === '/') {
        event.preventDefault()
        search()
      } else if (event.key === '?') {
        event.preventDefault()
        help()
      } else if (event.key === 'g') {
        goneAt = event.timeStamp
      }
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  }, [areOn])
  return {
    areOn,
    switchTo: (on) => {
      localStorage.setItem(place, on ? 'on' : 'off')
      setOn(on)
    },
  }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  )
}
