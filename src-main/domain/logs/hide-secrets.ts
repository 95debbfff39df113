/** What stands for a secret in a line. */
export const HIDDEN = '[hidden]';

/** Takes secrets out of the lines of one log, in their order. `hidden` counts them. */
export type HideSecrets = (text: string) => { text: string; hidden: number };

/** Shorter known values would blot out half of every line, and protect nothing. */
const SHORTEST = 4;

/** A cheap look whether any of the patterns below can match. */
const SUSPICIOUS =
  /pass|secret|token|key|auth|bearer|credential|cookie|:\/\/|\b(?:hf_|sk-|gh[a-z]_|glpat|xox|AKIA|eyJ)/i;

/** `REDIS_PASSWORD=…`, `"apiKey": "…"`, `--token …`; a number of few digits, as in `token: 77`, is none. */
const NAMED =
  /((?:password|passwd|passphrase|secret|token|credentials?|api[_-]?key|access[_-]?key|private[_-]?key|requirepass|cookie)["'\\]*(?:\s*[=:]\s*|\s+(?=\S*\d)))(?!\s*(?:\d{1,6}|null|none|true|false|undefined)(?![\w.-]))("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\*["']?[^\s"'&}\]\\]+)/gi;
const HEADER =
  /(\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:basic|bearer|digest|token)\s+)?)([^\s"',;]+)/gi;
const BEARER = /(\bbearer\s+)([\w.~+/-]{8,}=*)/gi;
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:)([^\s/@"']{1,300})(?=@)/gi;
/** Keys by the prefixes that their makers give them; JSON Web Tokens. */
const KNOWN_SHAPES =
  /()(\b(?:hf|ghp|gho|ghs|ghu|github_pat)_\w{16,}|\bsk-[\w-]{16,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}|\bAKIA[0-9A-Z]{16}|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)/g;
/** A line of a private key by itself, when its beginning was not seen. */
const KEY_BODY = /^\s*[A-Za-z0-9+/]{60,76}={0,2}\s*$/;
const PATTERNS = [HEADER, NAMED, BEARER, URL_PASSWORD, KNOWN_SHAPES];

const KEY_BEGINS = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const KEY_ENDS = /-----END [A-Z ]*PRIVATE KEY-----/;
/** A private key whose end never comes hides this many lines and no more. */
const KEY_LINES = 100;

/**
 * @param known values of secrets, hidden wherever they stand and in every spelling they have in JSON, URLs and base64.
 */
export function createHideSecrets(known: readonly string[]): HideSecrets {
  const needles = spellings(known);
  let keyLines = 0;
  return (line) => {
    let hidden = 0;
    let text = line;
    if (keyLines > 0 || text.includes('PRIVATE KEY')) {
      const part = withoutKey(text, keyLines);
      keyLines = part.keyLines;
      text = part.text;
      hidden += part.hidden;
    }
    if (KEY_BODY.test(text)) return { text: HIDDEN, hidden: hidden + 1 };
    for (const needle of needles) {
      if (!text.includes(needle)) continue;
      const parts = text.split(needle);
      hidden += parts.length - 1;
      text = parts.join(HIDDEN);
    }
    if (!SUSPICIOUS.test(text)) return { text, hidden };
    for (const pattern of PATTERNS)
      text = text.replace(pattern, (whole: string, before: string, value: string) => {
        if (value.includes(HIDDEN)) return whole;
        hidden += 1;
        const quote = /^["']/.exec(value)?.[0] ?? '';
        return `${before}${quote}${HIDDEN}${quote}`;
      });
    return { text, hidden };
  };
}

function spellings(known: readonly string[]): string[] {
  const all = known
    .map((value) => value.trim())
    .filter((value) => value.length >= SHORTEST)
    .flatMap((value) => {
      const inJson = JSON.stringify(value).slice(1, -1);
      const lines = value.includes('\n') ? value.split(/[\r\n]+/).filter((line) => line.length > 15) : [];
      return [
        value,
        inJson,
        JSON.stringify(inJson).slice(1, -1),
        encodeURIComponent(value),
        base64(value),
        ...lines,
      ];
    });
  // The longest first: one secret may be part of another.
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function base64(value: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

/** @param inside lines of a private key so far; 0: the line begins outside of one. */
function withoutKey(line: string, inside: number): { text: string; keyLines: number; hidden: number } {
  let rest = line;
  let text = '';
  let hidden = 0;
  let keyLines = inside;
  while (rest !== '') {
    const edge = (keyLines > 0 ? KEY_ENDS : KEY_BEGINS).exec(rest);
    if (keyLines > 0) {
      if (!edge) return { text: text || HIDDEN, keyLines: keyLines >= KEY_LINES ? 0 : keyLines + 1, hidden };
      keyLines = 0;
      rest = rest.slice(edge.index + edge[0].length);
      if (text === '') text = HIDDEN;
    } else if (edge) {
      text += rest.slice(0, edge.index) + HIDDEN;
      rest = rest.slice(edge.index + edge[0].length);
      hidden += 1;
      keyLines = 1;
    } else {
      text += rest;
      rest = '';
    }
  }
  return { text, keyLines, hidden };
}
