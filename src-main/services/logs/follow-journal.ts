import { z } from 'zod';
import { levelOfPriority } from '../../domain/logs/read-line.ts';
import { type Follower, note } from './follower.ts';

/** An entry of `journalctl --output=json`; bytes that are no UTF-8 come as an array of numbers. */
const entrySchema = z.object({
  __CURSOR: z.string(),
  __REALTIME_TIMESTAMP: z.string().regex(/^\d+$/),
  PRIORITY: z
    .string()
    .regex(/^[0-7]$/)
    .optional(),
  MESSAGE: z.union([z.string(), z.array(z.number().int().min(0).max(255)), z.null()]).optional(),
});

/** The journal of a systemd unit; its cursor tells exactly where the last link broke. */
export function followJournal(unit: string, user: boolean): Follower {
  let cursor: string | null = null;
  return {
    argv: (lines) => [
      'journalctl',
      ...(user ? ['--user', '--user-unit', unit] : ['--unit', unit]),
      ...['--follow', '--all', '--no-pager', '--output', 'json', '--output-fields', 'MESSAGE,PRIORITY'],
      ...(cursor === null ? ['--lines', String(lines)] : ['--no-tail', '--after-cursor', cursor]),
    ],
    take(line, from) {
      if (from === 'stderr') {
        if (!/seek to cursor/i.test(line)) return { kind: 'trouble', text: line };
        // The journal was cleared up to there.
        cursor = null;
        return note(
          'The journal could not be taken up where it was left: lines may be missing here, or stand twice.',
        );
      }
      const entry = entryOf(line);
      if (!entry) return line.startsWith('--') ? undefined : { kind: 'trouble', text: line };
      cursor = entry.__CURSOR;
      const { MESSAGE: message = '', PRIORITY: priority } = entry;
      return {
        kind: 'line',
        text: Array.isArray(message) ? Buffer.from(message).toString('utf8') : (message ?? ''),
        at: Math.floor(Number(entry.__REALTIME_TIMESTAMP) / 1000),
        level: priority === undefined ? null : levelOfPriority(Number(priority)),
        age: 'new',
      };
    },
  };
}

function entryOf(line: string): z.infer<typeof entrySchema> | undefined {
  try {
    return entrySchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
