import { Table } from '@mantine/core'
import type { ReactElement } from 'react'
import { describeInstant } from '../../parts/instant.tsx'
import { useTexts } from '../../texts/index.ts'
import { totalOf, type ActivityKind, type ActivityRow } from './activity.ts'

/** The numbers behind a chart, without the hours in which nothing happened. */
export function ActivityTable({
  label,
  rows,
  kinds,
}: {
  readonly label: string
  readonly rows: readonly ActivityRow[]
  readonly kinds: readonly ActivityKind[]
}): ReactElement {
  const { overview } = useTexts()
  const shown = rows.filter((row) => kinds.some((kind) => (row[kind] ?? 0) > 0))
  return (
    <details className="steps">
      <summary>{overview.asTable}</summary>
      <Table.ScrollContainer minWidth={320} type="native" tabIndex={0}>
        <Table aria-label={label} verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{overview.hour}</Table.Th>
              {kinds.map((kind) => (
                <Table.Th key={kind} scope="col" ta="right">
                  {overview.series[kind] ?? kind}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((row) => (
              <Table.Tr key={row.at}>
                <Table.Th scope="row">{describeInstant(row.at)}</Table.Th>
                {kinds.map((kind) => (
                  <Table.Td key={kind} ta="right">
                    {row[kind] ?? 0}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
          <Table.Tfoot>
            <Table.Tr>
              <Table.Th scope="row">{overview.total}</Table.Th>
              {kinds.map((kind) => (
                <Table.Th key={kind} ta="right">
                  {totalOf(rows, kind)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Tfoot>
        </Table>
      </Table.ScrollContainer>
    </details>
  )
}
