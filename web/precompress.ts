import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Plugin } from 'vite';

const brotli = promisify(brotliCompress);
const zip = promisify(gzip);

/** What is worth compressing: text. Pictures and fonts are packed already. */
const text = /\.(js|css|html|svg|json|txt|webmanifest|map|wasm)$/;

/** Below this size the headers of a response weigh more than what is saved. */
const smallest = 256;

/**
 * precompress writes .br and .gz beside every text file of a finished build,
 * so that the server sends packed bytes without packing them for every
 * reader. It also puts back dist/.keep, which the Go side embeds when nothing
 * is built yet.
 */
export function precompress(): Plugin {
  let folder = '';
  return {
    name: 'palabre:precompress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    async closeBundle() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      const files = entries.filter((e) => e.isFile() && text.test(e.name));
      await Promise.all(files.map((e) => pack(join(e.parentPath, e.name))));
      await writeFile(join(folder, '.keep'), '');
    },
  };
}

async function pack(file: string): Promise<void> {
  const bytes = await readFile(file);
  if (bytes.length < smallest) return;
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  const packed = [
    ['br', await brotli(bytes, quality)],
    ['gz', await zip(bytes, { level: 9 })],
  ] as const;
  for (const [ending, smaller] of packed) {
    if (smaller.length < bytes.length) await writeFile(`${file}.${ending}`, smaller);
  }
}
