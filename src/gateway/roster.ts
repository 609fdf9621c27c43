/**
 * What is there at the moment, added to and removed from at any rate. A `Set` would do, but for
 * what it does to memory: each time V8 makes its table anew, the old one, once it is in old space,
 * holds on to the new one and to all that was in it until the next major collection, so that a
 * quarter of all calls outlived themselves.
 */
export class Roster<Item> {
  readonly #items: Item[] = []
  readonly #placeOf: (item: Item) => number
  readonly #setPlace: (item: Item, place: number) => void

  /** Each item remembers its own place: `-1` while it is not there. */
  constructor(placeOf: (item: Item) => number, setPlace: (item: Item, place: number) => void) {
    this.#placeOf = placeOf
    this.#setPlace = setPlace
  }

  get size(): number {
    return this.#items.length
  }

  /** Adds an item that is not there. */
  add(item: Item): void {
    this.#setPlace(item, this.#items.length)
    this.#items.push(item)
  }

  /** Removes an item; nothing happens when it is not there. */
  remove(item: Item): void {
    const place = this.#placeOf(item)
    if (place < 0) return
    const last = this.#items.pop() as Item
    if (last !== item) {
      this.#items[place] = last
      this.#setPlace(last, place)
    }
    this.#setPlace(item, -1)
  }

  /** All that are there now, whatever is added or removed meanwhile. */
  all(): readonly Item[] {
    return [...this.#items]
  }
}
