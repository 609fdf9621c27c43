/** A property of a resource whose rows are plain objects. */
export interface RowProperty<Row> {
  readonly name: string
  readonly value: (row: Row) => unknown
}

/** The properties of one resource. */
export interface PropertyTable<Row> {
  /** Every property that can be selected, in the order of an answer that selects none. */
  readonly names: readonly string[]
  /** Finds a property by its name in any case, as Graph does. */
  find(name: string): RowProperty<Row> | undefined
  /** The plain object of a row with the properties named, in that order. */
  row(row: Row, names: readonly string[]): Record<string, unknown>
}

/** Makes a table of properties, each with its value by name. */
export function createPropertyTable<Row>(
  values: Readonly<Record<string, (row: Row) => unknown>>,
): PropertyTable<Row> {
  const byName = new Map(
    Object.entries(values).map(([name, value]) => [name.toLowerCase(), { name, value }]),
  )
  const find = (name: string): RowProperty<Row> | undefined => byName.get(name.trim().toLowerCase())
  return {
    names: Object.keys(values),
    find,
    row: (row, names) => Object.fromEntries(names.map((name) => [name, find(name)?.value(row)])),
  }
}
