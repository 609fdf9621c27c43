import { notifications } from '@mantine/notifications'
import { useTexts } from '../texts/index.ts'
import { TroubleText, troubleOf } from './problem.tsx'

/** Tells in a corner of the page how something went; what failed stays until it is closed. */
export interface Notices {
  readonly done: (message: string) => void
  readonly failed: (error: Error) => void
}

/** Notices in the language of the page. */
export function useNotices(): Notices {
  const { common } = useTexts()
  return {
    done: (message) =>
      void notifications.show({ message, closeButtonProps: { 'aria-label': common.close } }),
    failed: (error) => {
      const trouble = troubleOf(error)
      notifications.show({
        color: 'red',
        title: trouble?.title ?? common.unreachable,
        message: trouble === undefined ? error.message : <TroubleText trouble={trouble} isBrief />,
        autoClose: false,
        closeButtonProps: { 'aria-label': common.close },
      })
    },
  }
}
