/** Characters after which a line is handed on although it has no end yet. */
const LINE_MAX = 64 * 1024;

/** Cuts text into lines; both `\n` and `\r\n` end one. */
export function cutLines(onLine: (line: string) => void): { take(text: string): void; end(): void } {
  let rest = '';
  return {
    take(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      while (rest.length > LINE_MAX) {
        onLine(rest.slice(0, LINE_MAX));
        rest = rest.slice(LINE_MAX);
      }
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
