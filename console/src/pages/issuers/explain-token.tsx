import { Button, Group, Stack, Textarea } from '@mantine/core'
import { useEffect, useRef, useState, type ReactElement } from 'react'
import { ask } from '../../app/calls.ts'
import { ProblemAlert } from '../../parts/problem.tsx'
import { Section } from '../../parts/section.tsx'
import { useTexts } from '../../texts/index.ts'
import { ExplainedToken } from './explained-token.tsx'
import { explanationOf, type Explained } from './explanation.ts'

type Phase =
  | { readonly kind: 'asking' }
  | { readonly kind: 'waiting' }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'told'; readonly explained: Explained }

/**
 * Takes a token, has it explained, and forgets it: it stands in the field alone until it is sent,
 * in no state of the page, no cache and no address.
 */
export function ExplainToken(): ReactElement {
  const { explain: texts } = useTexts()
  const [phase, setPhase] = useState<Phase>({ kind: 'asking' })
  const field = useRef<HTMLTextAreaElement>(null)
  const answer = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (phase.kind === 'told' || phase.kind === 'failed') answer.current?.focus()
  }, [phase])
  const explain = async (): Promise<void> => {
    const token = field.current?.value.trim() ?? ''
    if (token === '') return
    if (field.current !== null) field.current.value = ''
    setPhase({ kind: 'waiting' })
    try {
      const told = await ask('bearer.explain', { token })
      setPhase({ kind: 'told', explained: explanationOf(told) })
    } catch (error) {
      setPhase({ kind: 'failed', error: error as Error })
    }
  }
  return (
    <Stack gap="lg">
      <Section title={texts.section} hint={texts.tokenHint}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void explain()
          }}
        >
          <Textarea
            ref={field}
            label={texts.token}
            minRows={4}
            rows={4}
            autoComplete="off"
            autoCorrect="off"
            autoCapitalize="off"
            spellCheck={false}
            data-1p-ignore
            classNames={{ input: 'token-input' }}
          />
          <Group justify="flex-end" mt="sm">
            <Button type="submit" loading={phase.kind === 'waiting'}>
              {texts.act}
            </Button>
          </Group>
        </form>
      </Section>
      <div ref={answer} tabIndex={-1} className="answer">
        {phase.kind === 'failed' && <ProblemAlert error={phase.error} />}
        {phase.kind === 'told' && <ExplainedToken explained={phase.explained} />}
      </div>
    </Stack>
  )
}
