import { useEffect, useRef, type ReactElement, type ReactNode } from 'react'
import { describeClock } from '../../parts/instant.tsx'
import { useTexts } from '../../texts/index.ts'
import type { LogLine } from './run.ts'

/** Lines of a log, the newest below; while it is followed, the newest is in view. */
export function LogLines({
  lines,
  isFollowing,
  children,
}: {
  readonly lines: readonly LogLine[]
  readonly isFollowing: boolean
  /** Stands where there is no line. */
  readonly children: ReactNode
}): ReactElement {
  const { run: texts } = useTexts()
  const box = useRef<HTMLDivElement>(null)
  const newest = lines.at(-1)?.seq
  useEffect(() => {
    if (isFollowing && box.current !== null) box.current.scrollTop = box.current.scrollHeight
  }, [isFollowing, newest])
  return (
    // Whoever has no mouse scrolls it with the keyboard.
    <div
      ref={box}
      className="log-lines"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={texts.lineList}
    >
      {lines.length === 0 && <p>{children}</p>}
      <ol>
        {lines.map(({ seq, at, level, type, text }) => (
          <li key={seq} data-level={level} data-type={type}>
            <time dateTime={at}>{describeClock(at)}</time>
            <span className="log-level">{level}</span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}
