import { type Follower, note } from './follower.ts';

/** RFC 3339 with nanoseconds, as `docker logs --timestamps` puts it in front of each line. */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?(.*)$/;

/** Where one of the two streams of a container was left. Stamps of one stream never go back. */
interface Place {
  stamp: string;
  /** Lines that bear this very stamp. */
  count: number;
}

/**
 * A container's output; its name outlives a container that is made anew.
 * @param socket of the Docker that runs it; null for the usual one.
 */
export function followContainer(container: string, socket: string | null = null): Follower {
  const places: Record<'stdout' | 'stderr', Place | null> = { stdout: null, stderr: null };
  /** Lines to come again after the link was made anew. */
  let before: Record<'stdout' | 'stderr', Place | null> = { stdout: null, stderr: null };
  return {
    argv(lines) {
      before = { stdout: copy(places.stdout), stderr: copy(places.stderr) };
      const since = [places.stdout?.stamp, places.stderr?.stamp].filter((one) => one !== undefined).sort()[0];
      const start = since === undefined ? ['--tail', String(lines)] : ['--since', since];
      const docker = socket === null ? ['docker'] : ['docker', '--host', socket];
      return [...docker, 'logs', '--follow', '--timestamps', ...start, container];
    },
    take(line, from) {
      const found = STAMPED.exec(line);
      if (!found) {
        if (from === 'stdout') return { kind: 'line', text: line, at: null, level: null, age: 'new' };
        return /is not running|No such container/.test(line) ? note(line) : { kind: 'trouble', text: line };
      }
      const [, stamp = '', text = ''] = found;
      const known = before[from];
      if (known !== null) {
        if (stamp < known.stamp) return undefined;
        if (stamp === known.stamp && known.count > 0) {
          known.count -= 1;
          return undefined;
        }
      }
      const place = places[from];
      if (place?.stamp === stamp) place.count += 1;
      else places[from] = { stamp, count: 1 };
      return { kind: 'line', text, at: Date.parse(stamp), level: null, age: 'new' };
    },
  };
}

const copy = (place: Place | null): Place | null => place && { ...place };
