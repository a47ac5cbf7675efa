import { defineConfig } from 'rolldown';

// Not minified: a crash would print one line of hundreds of kilobytes, and it starts no sooner.
// Comments stay in the sources: they would be a tenth of what is packed. Licences have a file of their own.
export default defineConfig({
  input: { bin: 'src/bin.ts', 'sandbox-server': 'src/sandbox/server-process.ts' },
  platform: 'node',
  // Ink loads it only with DEV=true.
  external: ['react-devtools-core', /\/devtools\.js$/],
  resolve: { mainFields: ['module', 'main'] },
  transform: { target: 'node20', define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' } },
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: 'chunks/[name]-[hash].mjs', cleanDir: true, comments: false },
});
