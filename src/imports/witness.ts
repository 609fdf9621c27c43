/** Tells one reader whether Graph still answers the others. */
export interface Witness {
  /** A reader has begun; the returned function ends it. */
  enter(): () => void
  /** A reader asks Graph; the returned function tells that it was answered. */
  asked(): () => void
  /**
   * Resolves with true once Graph has answered what another reader has asked since, with false when
   * none is left that could be answered. An answer that was on its way before may be of a time when
   * Graph still showed what it refuses now.
   */
  waitForAnswer(): Promise<boolean>
}

/** Makes the witness of readers that ask Graph for the same kind of thing. */
export function createWitness(): Witness {
  let reading = 0
  let waits = 0
  let waiting: { readonly since: number; readonly resolve: (hasAnswered: boolean) => void }[] = []
  const tell = (hasAnswered: boolean, asked = Infinity): void => {
    const told = waiting.filter(({ since }) => since <= asked)
    waiting = waiting.filter(({ since }) => since > asked)
    for (const { resolve } of told) resolve(hasAnswered)
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
    asked: () => {
      const before = waits
      return () => tell(true, before)
    },
    waitForAnswer: () =>
      new Promise((resolve) => {
        waiting.push({ since: ++waits, resolve })
        look()
      }),
  }
}
