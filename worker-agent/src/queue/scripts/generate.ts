import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { channels, keys, prefixes } from '../../contract/keys.ts';

/**
 * Embeds the Lua scripts in scripts.generated.ts, so that the agent can be one bundled file. `--@include name` is
 * replaced by includes/name.lua, and KEY.x, PREFIX.x and CHANNEL.x by the names that contract/keys.ts spells.
 *
 * `node generate.ts` writes the file; `--check` exits 1 when it is stale.
 */
const here = import.meta.dirname;
const target = join(here, 'scripts.generated.ts');

function resolveName(table: object, group: string, name: string): string {
  const value: unknown = Reflect.get(table, name);
  if (typeof value !== 'string') throw new Error(`${group}.${name} is not spelled in contract/keys.ts`);
  return `'${value}'`;
}

function embed(file: string): string {
  const body = readFileSync(join(here, file), 'utf8').replace(/^--@include ([\w-]+)$/gm, (_, name) =>
    readFileSync(join(here, 'includes', `${name}.lua`), 'utf8').trimEnd(),
  );
  return body
    .replace(/\bKEY\.(\w+)/g, (_, name) => resolveName(keys, 'KEY', name))
    .replace(/\bPREFIX\.(\w+)/g, (_, name) => resolveName(prefixes, 'PREFIX', name))
    .replace(/\bCHANNEL\.(\w+)/g, (_, name) => resolveName(channels, 'CHANNEL', name))
    .replace(/^\s*--.*\n/gm, '');
}

const files = readdirSync(here)
  .filter((file) => file.endsWith('.lua'))
  .sort();
const entries = files.map((file) => {
  const name = file.slice(0, -4).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const lua = embed(file).replace(/[\\`]|\$\{/g, '\\$&');
  return `  ${name}: \`\n${lua}\`,\n`;
});
const text =
  `// Generated from *.lua by generate.ts (npm run generate). Do not edit.\n` +
  `// biome-ignore-all format: generated\n` +
  `export const scripts = {\n${entries.join('')}} as const;\n`;

const present = (() => {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
})();
if (process.argv.includes('--check')) {
  if (present !== text) {
    process.stderr.write('scripts.generated.ts is stale: run npm run generate.\n');
    process.exitCode = 1;
  }
} else if (present !== text) {
  writeFileSync(target, text);
  process.stdout.write(`${files.length} scripts embedded.\n`);
}
