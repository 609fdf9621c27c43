const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * Holds a secret so that it cannot leak by accident: printing, inspecting, concatenating or
 * serialising it yields `[redacted]`. Only `reveal()` returns the value; call it where the secret
 * is spent and keep the result out of any variable that outlives the call.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** Returns the secret itself. */
  reveal(): string {
    return this.#value
  }

  /** Compares in time independent of where the two values first differ. */
  equals(other: Secret): boolean {
    const a = this.#value
    const b = other.#value
    let difference = a.length ^ b.length
    for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length)
    return difference === 0
  }

  toString(): string {
    return '[redacted]'
  }

  toJSON(): string {
    return '[redacted]'
  }

  [inspect](): string {
    return '[redacted]'
  }
}
