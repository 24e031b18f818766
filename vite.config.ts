/** Builds the islands of the pages: one entry a page, shared code split off, names with hashes, a manifest for Jinja. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const OUT = 'web/static/dist';
const ASIDE = `${OUT}/.next-${process.pid}`;
const KEPT = 86_400_000;  // milliseconds: a page that is open still asks for the scripts that it was built with

/** Every script and style a second time as `.gz`: the server sends it to browsers that take it. */
function compress(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => /\.(js|css|svg)$/.test(file))) {
    const path = resolve(folder, name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  }
}

/** What PDF documents are set in (web/records): two weights of a Chinese font under the OFL, with its licence. */
function layFonts(): void {
  const [from, to] = ['node_modules/@expo-google-fonts/noto-sans-sc', resolve(OUT, 'fonts')];
  mkdirSync(to, { recursive: true });
  for (const path of ['400Regular/NotoSansSC_400Regular.ttf', '600SemiBold/NotoSansSC_600SemiBold.ttf', 'LICENSE_FONT']) {
    copyFileSync(resolve(from, path), resolve(to, basename(path)));
  }
}

/** Puts the new files beside the old ones and the manifest last, so that no page is served in between without its files. */
function swapIn(): void {
  const [built, served] = [resolve(ASIDE, 'assets'), resolve(OUT, 'assets')];
  mkdirSync(served, { recursive: true });
  const names = new Set(readdirSync(built));
  for (const name of names) copyFileSync(resolve(built, name), resolve(served, name));
  renameSync(resolve(ASIDE, 'manifest.json'), resolve(OUT, 'manifest.json'));
  const isOld = (name: string) => !names.has(name) && Date.now() - statSync(resolve(served, name)).mtimeMs > KEPT;
  for (const name of readdirSync(served).filter(isOld)) rmSync(resolve(served, name), { force: true });
  rmSync(ASIDE, { recursive: true });
}

function servedWithoutGap(): Plugin {
  return {
    name: 'served-without-gap',
    apply: 'build',
    closeBundle() {
      compress(resolve(ASIDE, 'assets'));
      swapIn();
      layFonts();
    },
  };
}

export default defineConfig({
  base: '/static/dist/',
  publicDir: false,
  plugins: [servedWithoutGap()],
  build: {
    outDir: ASIDE,
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2022',
    chunkSizeWarningLimit: 900,
    rolldownOptions: {
      input: {
        base: 'web/layout/islands/base.ts',
        inbox: 'web/inbox/inbox.ts',
        proof: 'web/audit/proof.ts',
        task: 'web/inbox/task.ts',
        case: 'web/cases/case.ts',
        start: 'web/cases/start.ts',
        startable: 'web/cases/startable.ts',
        sampling: 'web/audit/sampling.ts',
        differences: 'web/modeler/differences.ts',
        editor: 'web/modeler/editor.ts',
        fetching: 'web/modeler/fetching.ts',
        figures: 'web/audit/figures.ts',
        measuring: 'web/audit/measuring.ts',
        film: 'web/audit/film.ts',
        recomputing: 'web/audit/recomputing.ts',
        migrating: 'web/modeler/migrating.ts',
        retention: 'web/audit/retention.ts',
        trying: 'web/modeler/trying.ts',
      },
    },
  },
});
