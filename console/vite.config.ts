import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/**
 * Builds the console into `console/dist`, which the service serves below `/console/`. While working
 * on it: `npx vite --config console/vite.config.ts` beside a running `evergrant serve`.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/console/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // Nothing is inlined: the policy of the page allows neither scripts nor fonts in its own text.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  server: {
    proxy: {
      '^/(api|console/(session|sign-in|sign-out))': 'http://127.0.0.1:8420',
    },
  },
})
