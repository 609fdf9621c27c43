import { Stack, Text, Textarea, Title } from '@mantine/core'
import { useEffect, useRef, useState, type ReactElement } from 'react'
import { useAction } from '../../app/calls.ts'
import { GatedButton, useObstacle } from '../../parts/gated-button.tsx'
import { ProblemAlert } from '../../parts/problem.tsx'
import { useTexts } from '../../texts/index.ts'
import { checkPasted } from './check-pasted.ts'

/** What the other person sent is sent on once; the field is emptied as soon as it was. */
export function PasteForm({
  address,
  approves,
  begunUrl,
}: {
  readonly address: string
  readonly approves: boolean
  /** The address that was made on this page, whose state is to come back. */
  readonly begunUrl: string | undefined
}): ReactElement {
  const { consent: texts } = useTexts()
  const obstacle = useObstacle('operator')
  const [pasted, setPasted] = useState('')
  const [wrong, setWrong] = useState<string>()
  const field = useRef<HTMLTextAreaElement>(null)
  const summary = useRef<HTMLDivElement>(null)
  const complete = useAction('consents.complete', { touches: ['links', 'connections', 'grants'] })
  useEffect(() => {
    if (complete.error !== null) summary.current?.focus()
  }, [complete.error])
  const submit = (): void => {
    const found = checkPasted(texts, pasted, begunUrl)
    setWrong(found)
    if (found !== undefined) {
      field.current?.focus()
      return
    }
    complete.mutate(
      { address, pasted, ...(approves ? { approve_account: true } : {}) },
      {
        onSuccess: () => setPasted(''),
      },
    )
  }
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        if (obstacle === undefined && !complete.isPending) submit()
      }}
    >
      <Title order={2} size="sm" mb={4}>
        {texts.manualSecond}
      </Title>
      <Stack gap="sm" align="stretch">
        <div ref={summary} tabIndex={-1} className="error-summary">
          {complete.error !== null && <ProblemAlert error={complete.error} />}
        </div>
        <Textarea
          ref={field}
          label={texts.pasted}
          description={texts.pastedHint}
          autosize
          minRows={3}
          maxRows={10}
          autoComplete="off"
          spellCheck={false}
          classNames={{ input: 'monospace' }}
          value={pasted}
          error={wrong}
          onChange={({ currentTarget: { value } }) => {
            setPasted(value)
            setWrong(value.trim() === '' ? undefined : checkPasted(texts, value, begunUrl))
          }}
        />
        <Text size="sm" c="dimmed">
          {texts.beware}
        </Text>
        <div>
          <GatedButton type="submit" obstacle={obstacle} loading={complete.isPending}>
            {complete.isPending ? texts.updating : texts.update}
          </GatedButton>
        </div>
      </Stack>
    </form>
  )
}
