import {
  Anchor,
  Button,
  NavLink,
  type AnchorProps,
  type ButtonProps,
  type NavLinkProps,
} from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, ReactElement, Ref } from 'react'

type Own = { readonly ref?: Ref<HTMLAnchorElement> } & Pick<
  AnchorHTMLAttributes<HTMLAnchorElement>,
  'aria-current' | 'aria-label' | 'onClick'
>

/** A link to a page of the console. */
export const PageLink = createLink((props: Omit<AnchorProps, 'href'> & Own): ReactElement => (
  // Beside other text it looks like that, unless it is told to look otherwise.
  <Anchor inherit={props.size === undefined} {...props} />
))

/** A link to a page that looks like a button. */
export const ButtonLink = createLink((props: Omit<ButtonProps, 'href'> & Own): ReactElement => (
  <Button component="a" {...props} />
))

/** A link of the navigation. */
export const PlaceLink = createLink((props: Omit<NavLinkProps, 'href'> & Own): ReactElement => (
  <NavLink component="a" {...props} />
))
