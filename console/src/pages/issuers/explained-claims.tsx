import { Text } from '@mantine/core'
import type { ReactElement } from 'react'
import { DataTable } from '../../parts/data-table.tsx'
import { describeInstant } from '../../parts/instant.tsx'
import { listOf } from '../../parts/known-list.ts'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import type { Explained } from './explanation.ts'

/** Every claim with its source and what it is good for. */
export function ExplainedClaims({ claims }: Pick<Explained, 'claims'>): ReactElement {
  const { explain: texts } = useTexts()
  const { claimColumns: titles } = texts
  return (
    <Section title={texts.claims}>
      <DataTable
        label={texts.claims}
        list={listOf(claims)}
        keyOf={({ name, source }) => `${name} ${source}`}
        isCounted={false}
        empty={null}
        columns={[
          { key: 'name', title: titles.name, isName: true, cell: ({ name }) => name },
          {
            key: 'value',
            title: titles.value,
            cell: ({ name, value }) => <ClaimValue name={name} value={value} />,
          },
          { key: 'source', title: titles.source, cell: ({ source }) => source },
          {
            key: 'note',
            title: titles.note,
            cell: ({ quality, note }) =>
              [quality === null ? null : (texts.qualities[quality] ?? quality), note]
                .filter(Boolean)
                .join(': '),
          },
        ]}
      />
    </Section>
  )
}

const instants = new Set(['exp', 'iat', 'nbf', 'auth_time'])

/** The value as it is, and where it is an instant the time that it means. */
function ClaimValue({
  name,
  value,
}: {
  readonly name: string
  readonly value: unknown
}): ReactElement {
  const isInstant = instants.has(name) && typeof value === 'number' && Number.isFinite(value)
  return (
    <>
      <Text span size="sm" ff="monospace" className="break-anywhere">
        {typeof value === 'string' ? value : JSON.stringify(value)}
      </Text>
      {isInstant && Math.abs(value) < 8e12 && (
        <Text size="xs" c="dimmed">
          {describeInstant(new Date(value * 1_000).toISOString())}
        </Text>
      )}
    </>
  )
}
