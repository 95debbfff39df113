import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** What the double shall get wrong (contract 6.1). Read anew at every answer. */
export const gpuFaultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  /** These fields read `[N/A]`; all of them when the list is empty. */
  z.object({ kind: z.literal('not-available'), fields: z.array(z.string()) }),
  /** The cells of this card read `[GPU is lost]`. */
  z.object({ kind: z.literal('lost'), index: z.number().int().nonnegative() }),
  /** The driver does not answer: exit code 9, text only. */
  z.object({ kind: z.literal('no-driver') }),
  /** Driver and library differ after an upgrade: exit code 18, text only. */
  z.object({ kind: z.literal('mismatch') }),
  /** Each answer takes this long, ms. */
  z.object({ kind: z.literal('slow'), ms: z.number().nonnegative() }),
]);
export type GpuFault = z.infer<typeof gpuFaultSchema>;

const FILE = 'fault.json';

/** Sets the fault of every double that looks into this directory. */
export function setGpuFault(root: string, fault: GpuFault): void {
  if (fault.kind === 'none') rmSync(join(root, FILE), { force: true });
  else writeFileSync(join(root, FILE), JSON.stringify(fault));
}

export function readGpuFault(root: string): GpuFault {
  try {
    return gpuFaultSchema.parse(JSON.parse(readFileSync(join(root, FILE), 'utf8')));
  } catch {
    return { kind: 'none' };
  }
}
