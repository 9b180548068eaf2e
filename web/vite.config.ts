import { defineConfig } from 'vitest/config';
import { precompress } from './precompress.ts';

// The pages' policy is script-src 'self'; style-src 'self': nothing inline,
// nothing from elsewhere, hence no inlined assets and no polyfill in the page.
export default defineConfig({
  base: '/',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    target: ['chrome115', 'firefox115', 'safari17'],
    // light-dark() must stay as it is: rewritten for older browsers, it would no
    // longer let the stage be dark inside a light page.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: false,
  },
  plugins: [precompress()],
  server: {
    proxy: {
      '/ws': { target: 'http://localhost:8080', ws: true },
      '/api': { target: 'http://localhost:8080' },
    },
  },
  test: {
    include: ['sdk/**/*.test.ts', 'app/**/*.test.{ts,tsx}', 'embed/**/*.test.{ts,tsx}', 'locales/**/*.test.ts'],
  },
});
