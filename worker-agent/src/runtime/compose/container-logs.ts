import type { Docker } from './docker.ts';

/** The last lines that a container wrote, oldest first; none when Docker does not give them. */
export async function containerLogs(docker: Docker, id: string, lines: number): Promise<string[]> {
  const result = await docker.run(['logs', '--tail', String(lines), id], { timeoutMs: 15_000 });
  if (result.kind !== 'done' || result.code !== 0) return [];
  return [...result.stdout.split('\n'), ...result.stderr.split('\n')]
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}

/** The line that most likely says why a program ended, short enough for a sentence; null when there is none. */
export function lastWords(lines: readonly string[]): string | null {
  // Python's traceback ends in the exception; init and shell chatter about signals says nothing.
  const telling = lines.filter((line) => !/^\s*(Killed|Terminated|\^+|~+)\s*$/.test(line));
  const error = telling.findLast((line) => /(Error|Exception|error:|fatal|FATAL|Traceback)/.test(line));
  const line = (error ?? telling.at(-1))?.trim();
  if (line === undefined) return null;
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
