/** Tells one reader whether Graph still answers the others. */
export interface Witness {
  /** A reader has begun; the returned function ends it. */
  enter(): () => void
  /** Graph has answered a reader. */
  answered(): void
  /**
   * Resolves with true once Graph has answered another reader since, with false when none is left
   * that could be answered.
   */
  waitForAnswer(): Promise<boolean>
}

/** Makes the witness of readers that ask Graph for the same kind of thing. */
export function createWitness(): Witness {
  let reading = 0
  let waiting: ((hasAnswered: boolean) => void)[] = []
  const tell = (hasAnswered: boolean): void => {
    const all = waiting
    waiting = []
    for (const resolve of all) resolve(hasAnswered)
  }
  const look = (): void => {
    if (waiting.length >= reading) tell(false)
  }
  return {
    enter: () => {
      reading++
      return () => {
        reading--
        look()
      }
    },
    answered: () => tell(true),
    waitForAnswer: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        look()
      }),
  }
}
