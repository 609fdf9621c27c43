import { Button, Tooltip, type ButtonProps } from '@mantine/core'
import type { MouseEventHandler, ReactElement, ReactNode, Ref } from 'react'
import { useMay, type ConsoleSession } from '../app/session.ts'
import { useTexts } from '../texts/index.ts'

/** Why somebody with less than a role may not do something; undefined where they may. */
export function useObstacle(role: ConsoleSession['role']): string | undefined {
  const { common } = useTexts()
  return useMay(role) ? undefined : common.notAllowed(role)
}

/**
 * A button that says why it cannot be used. It keeps its place in the order of the keyboard, so
 * that the reason can be read by everybody.
 */
export function GatedButton({
  obstacle,
  onClick,
  children,
  ...others
}: ButtonProps & {
  readonly obstacle: string | undefined
  readonly onClick?: MouseEventHandler<HTMLButtonElement>
  readonly type?: 'button' | 'submit'
  readonly 'aria-label'?: string
  readonly ref?: Ref<HTMLButtonElement>
  readonly children: ReactNode
}): ReactElement {
  if (obstacle === undefined) {
    return (
      <Button {...others} {...(onClick === undefined ? {} : { onClick })}>
        {children}
      </Button>
    )
  }
  return (
    <Tooltip label={obstacle} events={{ hover: true, focus: true, touch: true }}>
      <Button
        {...others}
        type="button"
        data-disabled
        aria-disabled
        aria-description={obstacle}
        onClick={(event) => event.preventDefault()}
      >
        {children}
      </Button>
    </Tooltip>
  )
}
