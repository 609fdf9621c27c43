import { Stack, Text } from '@mantine/core'
import { IconStethoscope } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import type { Operations } from '../../../../src/client/index.ts'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Rungs, type Rung } from '../../parts/rungs.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts, type Texts } from '../../texts/index.ts'

type Check = Operations['connections.test']['result']['checks'][number]

/** Tries everything the connection is for, now, and shows what each of it answered. */
export function TestSection({ address }: { readonly address: string }): ReactElement {
  const { connection: texts } = useTexts()
  const test = useAction('connections.test')
  const { data, error, isPending } = test
  return (
    <Section
      title={texts.testTitle}
      hint={texts.testHint}
      actions={
        <GatedButton
          size="xs"
          variant="default"
          obstacle={useObstacle('operator')}
          leftSection={<IconStethoscope size={14} aria-hidden />}
          loading={isPending}
          onClick={() => test.mutate({ address })}
        >
          {texts.test}
        </GatedButton>
      }
    >
      <Stack gap="md">
        <Text size="sm" role="status" {...(data === undefined ? { c: 'dimmed' } : { fw: 600 })}>
          {summaryOf(texts, isPending, data?.passed)}
        </Text>
        {error !== null && <ProblemAlert error={error} />}
        {data !== undefined && (
          <Rungs label={texts.testTitle} rungs={data.checks.map((one) => asRung(texts, one))} />
        )}
      </Stack>
    </Section>
  )
}

function summaryOf(
  texts: Texts['connection'],
  isPending: boolean,
  passed: boolean | undefined,
): string {
  if (isPending) return texts.testing
  if (passed === undefined) return texts.notTested
  return passed ? texts.testPassed : texts.testFailed
}

const outcomes: Readonly<Record<string, Rung['outcome']>> = {
  ok: 'passed',
  warn: 'unverified',
  fail: 'failed',
  skip: 'waiting',
}

function asRung(texts: Texts['connection'], check: Check): Rung {
  const { check: name, upstream, status, found, code, remedy } = check
  const title = texts.checks[name] ?? name.charAt(0).toUpperCase() + name.slice(1)
  return {
    name,
    title: upstream === undefined || upstream === '' ? title : `${title}, ${upstream}`,
    outcome: outcomes[status] ?? 'unverified',
    detail: found,
    ...(code === undefined ? {} : { code }),
    ...(remedy === undefined ? {} : { remedy }),
  }
}
