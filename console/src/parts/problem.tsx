import { Alert, Anchor, Button, Code, Group, List, Stack, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactElement } from 'react'
import { EvergrantProblem } from '../../../src/client/index.ts'
import { useTexts } from '../texts/index.ts'
import { CopyButton } from './copy-button.tsx'

/** What is known of something that went wrong; as problems, last failures and rungs have it. */
export interface Trouble {
  readonly title?: string | undefined
  readonly detail: string
  readonly remedy?: string | null | undefined
  /** What a number of another side means, plainly. */
  readonly meaning?: string | null | undefined
  readonly code?: string | null | undefined
  readonly steps?: readonly string[] | undefined
  readonly link?: string | null | undefined
  readonly actor?: string | null | undefined
  readonly requestId?: string | undefined
}

/** What a failed call was about. */
export function troubleOf(error: Error): Trouble | undefined {
  if (!(error instanceof EvergrantProblem)) return undefined
  const { title, detail, remedy, meaning, steps, link, actor, code, requestId } = error
  return { title, detail, remedy, meaning, steps, link, actor, code, requestId }
}

/** Cause, who must act and the steps to take; the same words as the command line has. */
export function TroubleText({
  trouble,
  isBrief = false,
}: {
  readonly trouble: Trouble
  /** Whether the steps wait until they are asked for. */
  readonly isBrief?: boolean
}): ReactElement {
  const { common } = useTexts()
  const { detail, remedy, meaning, steps = [], link, actor, code, requestId } = trouble
  const support = [code, detail, requestId].filter(Boolean).join('\n')
  return (
    <Stack gap={6}>
      <Text size="sm" className="break-anywhere">
        <Worded text={detail} />
      </Text>
      {typeof meaning === 'string' && (
        <Text size="sm">
          <Worded text={meaning} />
        </Text>
      )}
      {remedy !== null && remedy !== undefined && remedy !== '' && (
        <Text size="sm">
          <Text span fw={600}>
            {common.whatToDo}:
          </Text>{' '}
          <Worded text={remedy} />
        </Text>
      )}
      {(steps.length > 1 || (steps[0] ?? remedy) !== remedy) &&
        (isBrief ? (
          <details className="steps">
            <summary>{common.steps(steps.length)}</summary>
            <Steps steps={steps} />
          </details>
        ) : (
          <Steps steps={steps} />
        ))}
      {typeof actor === 'string' && (
        <Text size="sm">
          <Text span fw={600}>
            {common.whoMustAct}:
          </Text>{' '}
          {common.actors[actor] ?? actor}
        </Text>
      )}
      <Group gap="sm">
        {code !== null && code !== undefined && (
          <Text size="xs" ff="monospace">
            {code}
          </Text>
        )}
        {typeof link === 'string' && link.startsWith('https://') && (
          <Anchor href={link} target="_blank" rel="noreferrer" size="sm">
            {common.moreAbout}
          </Anchor>
        )}
        <CopyButton text={support} label={common.copyForSupport} />
      </Group>
    </Stack>
  )
}

function Steps({ steps }: { readonly steps: readonly string[] }): ReactElement {
  return (
    <List type="ordered" size="sm" spacing={4}>
      {steps.map((step) => (
        <List.Item key={step}>
          <Worded text={step} />
        </List.Item>
      ))}
    </List>
  )
}

/** A text of the service, whose commands and names of fields stand between backticks. */
function Worded({ text }: { readonly text: string }): ReactElement {
  const parts = text.split('`')
  // An odd one is no pair: it stands as it is.
  if (parts.length % 2 === 0) return <>{text}</>
  return (
    <>
      {parts.map((part, index) =>
        index % 2 === 1 ? <Code key={`${index} ${part}`}>{part}</Code> : part,
      )}
    </>
  )
}

/** A call that failed, told as an alert, with another try where that can help. */
export function ProblemAlert({
  error,
  again,
}: {
  readonly error: Error
  readonly again?: (() => void) | undefined
}): ReactElement {
  const { common } = useTexts()
  const trouble = troubleOf(error)
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={trouble?.title ?? common.unreachable}
    >
      <Stack gap="xs" align="flex-start">
        {trouble === undefined ? (
          <Text size="sm">{common.unreachableHint}</Text>
        ) : (
          <TroubleText trouble={trouble} />
        )}
        {again !== undefined && (
          <Button size="xs" variant="default" onClick={again}>
            {common.tryAgain}
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
