import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import optimizeLocales from '@react-aria/optimize-locales-plugin';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const PACKED = /\.(js|css|html|svg|json)$/;
const SMALLEST_PACKED_BYTES = 1024;

/** Writes FILE.gz beside each text file, which the server sends as it is. Equal files give equal bytes. */
function packed(): Plugin {
  return {
    name: 'kpl-packed',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir === undefined) return;
      for (const entry of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        const file = join(dir, entry);
        if (!PACKED.test(entry) || statSync(file).size < SMALLEST_PACKED_BYTES) continue;
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

// The console is built into the Python package; the server serves it under `/`.
export default defineConfig({
  plugins: [
    { ...optimizeLocales.vite({ locales: ['en-US', 'zh-CN'] }), enforce: 'pre' },
    react(),
    tailwindcss(),
    packed(),
  ],
  resolve: { alias: { '@': new URL('./src', import.meta.url).pathname } },
  build: {
    outDir: process.env.KPL_WEB_OUT ?? '../src/kpl/server/static',
    emptyOutDir: true,
    target: 'es2022',
    // What every page needs comes as one file, which packs better than the many that it would be cut into.
    chunkSizeWarningLimit: 600,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'shell', tags: ['$initial'] }] } } },
    assetsInlineLimit: 0, // the server's content security policy allows no data: fonts
  },
  worker: { format: 'es' },
  server: { proxy: { '/api': 'http://127.0.0.1:8700', '/serve': 'http://127.0.0.1:8700' } },
});
