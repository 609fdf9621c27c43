import { Menu, type MenuItemProps } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactElement } from 'react'

/** Something to do, in a menu; what cannot be done stays in it and says why. */
export function MenuAction({
  icon: Sign,
  label,
  obstacle,
  onClick,
  ...others
}: MenuItemProps & {
  readonly icon: Icon
  readonly label: string
  readonly obstacle: string | undefined
  readonly onClick: () => void
}): ReactElement {
  return (
    <Menu.Item
      {...others}
      leftSection={<Sign size={16} aria-hidden />}
      {...(obstacle === undefined
        ? { onClick }
        : { 'data-disabled': true, 'aria-disabled': true, closeMenuOnClick: false })}
    >
      {label}
      {obstacle !== undefined && <span className="menu-reason">{obstacle}</span>}
    </Menu.Item>
  )
}
