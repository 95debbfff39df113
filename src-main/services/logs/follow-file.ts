import { createHash } from 'node:crypto';
import { contentOf, type Follower, note, PIECE } from './follower.ts';

/**
 * Follows a file from a place on, also when it is turned over, and first says on a line of its own where it begins:
 * kind, inode, offset of the next line, size. Arguments: path, lines to begin with; of the last line that was taken the
 * inode, begin, end and SHA-256 (inode and hash empty where not known).
 */
const FOLLOW = String.raw`
path=$1 lines=$2 inode=$3 begin=$4 stop=$5 hash=$6
LC_ALL=C; export LC_ALL
say() { printf '@workshop-log %s %s %s %s\n' "$@"; }
inode_of() { ls -diL -- "$1" 2>/dev/null | { read -r number rest; printf '%s' "$number"; }; }
size_of() { wc -c < "$1" | tr -d ' '; }
# What tail says about the file has to come in its place among the lines.
follow() { exec tail -c "+$(($1 + 1))" -F -- "$path" 2>&1; }
holds() {
  [ -r "$1" ] && [ "$(size_of "$1")" -ge "$stop" ] || return 1
  [ "$(tail -c "+$((begin + 1))" -- "$1" | head -n 1 | sha256sum | cut -d ' ' -f 1)" = "$hash" ]
}
# What was left to read of the older file, then the new one.
both() {
  say on "$now" "$stop" "$(size_of "$old")"
  tail -c "+$((stop + 1))" -- "$old"
  say next "$now" 0 "$end"
  follow 0
}
now=$(inode_of "$path")
if [ -z "$now" ]; then
  say absent - 0 0
  follow 0
fi
end=$(size_of "$path") || exit 13
if [ -n "$hash" ]; then
  # It may have been turned over meanwhile: moved away, or copied and emptied.
  old=$path.1
  if [ -n "$inode" ] && [ "$inode" != "$now" ] && [ "$(inode_of "$old")" = "$inode" ] && holds "$old"; then both; fi
  if holds "$path"; then
    say on "$now" "$stop" "$end"
    follow "$stop"
  fi
  if holds "$old"; then both; fi
  [ "$inode" = "$now" ] && [ "$end" -ge "$stop" ] || stop=0
  say unsure "$now" "$stop" "$end"
  follow "$stop"
fi
start=0 kind=first
[ "$end" -le 262144 ] || start=$((end - 262144))
kept=$(tail -c "+$((start + 1))" -- "$path" | head -c "$((end - start))" | tail -n "$lines" | wc -c | tr -d ' ')
[ "$start" -eq 0 ] || [ "$((end - kept))" -gt "$start" ] || kind=middle
say "$kind" "$now" "$((end - kept))" "$end"
follow "$((end - kept))"
`;

const HEAD = /^@workshop-log (absent|on|next|unsure|first|middle) (-|\d+) (\d+) (\d+)$/;
/** What GNU tail and BusyBox say when another file stands there, or this one begins anew. */
const TURNED_OVER = /^tail: .*(?:has been replaced|following new file|file truncated|has appeared)/;
/** The new file that takes its place is yet to come. */
const GONE = /^tail: .*(?:has become inaccessible|No such file)/;
const COMPLAINT = /^tail: (?:cannot |inotify |unrecognized |.*Permission denied)/;

/** A piece of a line that is too long has no end of its own. */
const bytesOf = (line: string) => Buffer.byteLength(line) + (line.length === PIECE ? 0 : 1);

/** A file on the machine. It need not be there yet. */
export function followFile(path: string): Follower {
  let inode = '';
  /** Offset after the last line that was taken. */
  let offset = 0;
  let last: string | null = null;
  /** Up to here it was there before we looked. */
  let oldUntil = 0;
  /** The next line begins in the middle. */
  let middle = false;

  const head = (kind: string, at: string, start: number, end: number) => {
    inode = at === '-' ? '' : at;
    offset = start;
    middle = kind === 'middle';
    // When that was written is not known.
    oldUntil = end;
    if (kind === 'unsure')
      return note(
        'The log could not be taken up where it was left: lines may be missing here, or stand twice.',
      );
    return kind === 'absent'
      ? note('The file is not there yet. Its lines come as soon as it is.')
      : undefined;
  };

  return {
    argv(lines) {
      const begin = last === null ? 0 : offset - bytesOf(last);
      const hash = last === null ? '' : createHash('sha256').update(`${last}\n`).digest('hex');
      const place = [inode, String(begin), String(offset), hash];
      return ['sh', '-c', FOLLOW, 'sh', path, String(lines), ...place];
    },
    take(line, from) {
      if (TURNED_OVER.test(line)) {
        inode = '';
        offset = 0;
        oldUntil = 0;
        last = null;
        return undefined;
      }
      if (GONE.test(line)) return undefined;
      if (from === 'stderr' || COMPLAINT.test(line)) return contentOf(line, 'trouble');
      const found = HEAD.exec(line);
      if (found) return head(found[1] ?? '', found[2] ?? '-', Number(found[3]), Number(found[4]));
      offset += bytesOf(line);
      last = line;
      if (middle) {
        middle = false;
        return undefined;
      }
      return contentOf(line, offset > oldUntil ? 'new' : 'old');
    },
  };
}
