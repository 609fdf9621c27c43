import type { ReactElement } from 'react'
import { describeCount } from '../../parts/amounts.ts'
import { DataTable, type Column } from '../../parts/data-table.tsx'
import { listOf } from '../../parts/known-list.ts'
import { useTexts } from '../../texts/index.ts'
import type { Walk } from './run.ts'
import { shardState } from './shard-grid.tsx'

/** The cursors of a collection in numbers. */
export function ShardTable({
  collection,
  walks,
}: {
  readonly collection: string
  readonly walks: readonly Walk[]
}): ReactElement {
  const { run: texts } = useTexts()
  const { shardColumns: titles } = texts
  const columns: readonly Column<Walk>[] = [
    {
      key: 'label',
      title: titles.label,
      isName: true,
      cell: ({ label, shard }) => label ?? texts.shardNumber(shard),
    },
    { key: 'state', title: titles.state, cell: (walk) => texts.shardStates[shardState(walk)] },
    {
      key: 'rows',
      title: titles.rows,
      align: 'right',
      cell: ({ rows, expected }) =>
        texts.shardRows(
          describeCount(rows),
          expected === null ? undefined : describeCount(expected),
        ),
    },
    {
      key: 'pages',
      title: titles.pages,
      align: 'right',
      cell: ({ pages }) => describeCount(pages),
    },
    {
      key: 'restarts',
      title: titles.restarts,
      align: 'right',
      cell: ({ restarts }) => (restarts === 0 ? null : describeCount(restarts)),
    },
  ]
  return (
    <DataTable
      label={texts.shardsInNumbers(collection)}
      list={listOf(walks)}
      columns={columns}
      keyOf={({ shard }) => String(shard)}
      empty={null}
      isCounted={false}
    />
  )
}
