/**
 * `npm run bench -- [name…] [--json FILE] [--short]`: prints a table of what each bench measured; with --json also
 * an array of {name, value, unit, n, peer?}. A name is a file of this folder without its ending. --short asks for a
 * small run (smoke).
 */
import { readdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const rowSchema = z.object({
  name: z.string(),
  value: z.number(),
  unit: z.string(),
  n: z.number(),
  peer: z.object({ name: z.string(), value: z.number() }).optional(),
});
type Row = z.infer<typeof rowSchema>;
type Bench = (report: (row: Row) => void) => Promise<void>;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' }, short: { type: 'boolean', default: false } },
});
if (values.short) process.env.BENCH_SHORT = '1';

const files = await readdir(import.meta.dirname);
const known = files
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts' && !file.includes('.worker.'))
  .map((file) => file.slice(0, -'.ts'.length));
const unknown = positionals.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`No bench is called ${unknown.join(', ')}. There are: ${known.join(', ')}.`);
  process.exit(2);
}

const rows: Row[] = [];
for (const name of positionals.length > 0 ? positionals : known) {
  console.log(`\n${name} …`);
  const { bench }: { bench: Bench } = await import(`./${name}.ts`);
  await bench((row) => {
    rows.push(rowSchema.parse(row));
    console.log(`  ${line(row)}`);
  });
}
if (values.json) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
console.log(`\n${rows.map(line).join('\n')}`);
process.exit(0);

function line({ name, value, unit, n, peer }: Row): string {
  const figure = (x: number) => (Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));
  const beside = peer ? `   ${peer.name}: ${figure(peer.value)} ${unit}` : '';
  return `${name.padEnd(32)} ${figure(value).padStart(10)} ${unit.padEnd(8)} n=${n}${beside}`;
}
