import { Button, Group, Paper, Skeleton, Stack, Table, Text } from '@mantine/core'
import type { ReactElement, ReactNode } from 'react'
import type { Listed } from '../app/calls.ts'
import { useTexts } from '../texts/index.ts'
import { ProblemAlert } from './problem.tsx'

/** One column of a table. */
export interface Column<One> {
  readonly key: string
  readonly title: string
  /** Null or an empty text where there is nothing to show. */
  readonly cell: (one: One) => ReactNode
  /** Names the row: a header cell, and the title of the card on a narrow screen. */
  readonly isName?: true
  readonly align?: 'right'
}

/**
 * A list of the API as a table, with what a list may be besides full: loading, broken, empty. On a
 * narrow screen every row is a card.
 */
export function DataTable<One>({
  label,
  list,
  columns,
  keyOf,
  empty,
  rows = list.items,
  isCounted = true,
}: {
  readonly label: string
  readonly list: Listed<One>
  readonly columns: readonly Column<One>[]
  readonly keyOf: (one: One) => string
  readonly empty: ReactNode
  /** Those of the list that are shown. */
  readonly rows?: readonly One[]
  /** Whether it is told how many are shown. */
  readonly isCounted?: boolean
}): ReactElement {
  const { common } = useTexts()
  const { error, isLoading, more, isFetchingMore, again } = list
  if (isLoading) {
    return (
      <Stack gap="xs" role="status" aria-label={common.loading}>
        {[0, 1, 2, 3].map((one) => (
          <Skeleton key={one} height={44} />
        ))}
      </Stack>
    )
  }
  return (
    <Stack gap="md">
      {error !== null && <ProblemAlert error={error} again={again} />}
      {rows.length === 0 && error === null && empty}
      {rows.length > 0 && (
        <Paper withBorder className="data-table">
          <Table highlightOnHover verticalSpacing="sm" horizontalSpacing="md" aria-label={label}>
            <Table.Thead>
              <Table.Tr>
                {columns.map(({ key, title, align }) => (
                  <Table.Th key={key} scope="col" {...(align === undefined ? {} : { ta: align })}>
                    {title}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((one) => (
                <Table.Tr key={keyOf(one)}>
                  {columns.map(({ key, title, cell, isName, align }) =>
                    isName === true ? (
                      <Table.Th key={key} scope="row" className="row-name">
                        {cell(one)}
                      </Table.Th>
                    ) : (
                      <Cell key={key} title={title} align={align}>
                        {cell(one)}
                      </Cell>
                    ),
                  )}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Paper>
      )}
      {isCounted && (
        <Group justify="space-between">
          <Text size="sm" c="dimmed" role="status">
            {rows.length > 0 && common.shown(rows.length)}
          </Text>
          {more !== undefined && (
            <Button variant="default" size="xs" onClick={more} loading={isFetchingMore}>
              {common.loadMore}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  )
}

/** A cell with nothing in it takes no room on a narrow screen. */
function Cell({
  title,
  align,
  children,
}: {
  readonly title: string
  readonly align: 'right' | undefined
  readonly children: ReactNode
}): ReactElement {
  const { common } = useTexts()
  const isEmpty =
    children === null || children === undefined || children === '' || children === false
  return (
    <Table.Td
      data-title={title}
      data-empty={isEmpty || undefined}
      {...(align === undefined ? {} : { ta: align })}
    >
      {isEmpty ? (
        <Text span c="dimmed">
          {common.none}
        </Text>
      ) : (
        children
      )}
    </Table.Td>
  )
}
