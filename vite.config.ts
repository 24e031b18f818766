/** Builds the islands of the pages: one entry a page, shared code split off, names with hashes, a manifest for Jinja. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const OUT = 'web/static/dist';

/** Every script and style a second time as `.gz`: the server sends it to browsers that take it. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      const folder = resolve(OUT, 'assets');
      for (const name of readdirSync(folder).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const path = resolve(folder, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: '/static/dist/',
  publicDir: false,
  plugins: [compressed()],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: {
        base: 'web/layout/islands/base.ts',
        inbox: 'web/inbox/inbox.ts',
        task: 'web/inbox/task.ts',
        case: 'web/cases/case.ts',
        start: 'web/cases/start.ts',
      },
    },
  },
});
