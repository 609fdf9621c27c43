import { createTheme, ModalHeader, type MantineColorsTuple } from '@mantine/core'

const pine: MantineColorsTuple = [
  '#e9f6f1',
  '#d5ebe2',
  '#a9d6c4',
  '#7abfa4',
  '#53ac89',
  '#3a9f77',
  '#2a8f69',
  '#1a7a57',
  '#12664b',
  '#08523c',
]

/** How the console looks, in both colour schemes. */
export const theme = createTheme({
  primaryColor: 'pine',
  primaryShade: { light: 8, dark: 7 },
  colors: { pine },
  respectReducedMotion: true,
  autoContrast: true,
  luminanceThreshold: 0.35,
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Noto Sans", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  components: {
    // The heading of a dialog is no banner of the page.
    ModalHeader: ModalHeader.extend({ defaultProps: { role: 'none' } }),
  },
  headings: {
    fontWeight: '600',
    sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.1rem' } },
  },
})
