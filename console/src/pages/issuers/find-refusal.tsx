import { Button, Group, TextInput } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useState, type ReactElement } from 'react'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'

/** Leads from a request id to the refusal that its caller was told of. */
export function FindRefusal(): ReactElement {
  const { explain: texts, refusals } = useTexts()
  const [request, setRequest] = useState('')
  const navigate = useNavigate()
  return (
    <Section title={texts.byRequest} hint={texts.byRequestHint}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const id = request.trim()
          if (id !== '') void navigate({ to: '/issuers/refusals', search: { request: id } })
        }}
      >
        <Group align="flex-end">
          <TextInput
            label={refusals.request}
            value={request}
            onChange={({ currentTarget }) => setRequest(currentTarget.value)}
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
            flex="1 1 16rem"
          />
          <Button type="submit" variant="default">
            {texts.find}
          </Button>
        </Group>
      </form>
    </Section>
  )
}
