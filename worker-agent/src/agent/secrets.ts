import { CONFIG_KEYS } from './config-keys.ts';

const CENSOR = '[hidden]';
/** Shorter ones would blot out half of every line, and protect nothing. */
const SHORTEST = 3;
/** An armoured private key, in plain text or inside JSON. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** `redis://user:password@host` and the like. */
const URL_PASSWORD = /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:)[^\s/@"']{1,300}@/gi;

/** Takes secrets out of a text on its way out of the agent. */
export type Scrub = (text: string) => string;

/** Values of the keys that are secret, wherever they may turn up: in a log line, a status, an event. */
export function secretsIn(source: Readonly<Record<string, string>>): string[] {
  return Object.entries(CONFIG_KEYS).flatMap(([name, spec]) =>
    spec.secret && source[name] !== undefined ? source[name].trim() : [],
  );
}

/** Replaces the secrets in every spelling they have in JSON and URLs, private keys, and passwords in URLs. */
export function createScrub(secrets: readonly string[]): Scrub {
  const spellings = secrets
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap((secret) => {
      const inJson = JSON.stringify(secret).slice(1, -1);
      return [secret, inJson, JSON.stringify(inJson).slice(1, -1), encodeURIComponent(secret)];
    });
  // The longest first: one secret may be part of another.
  const needles = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const needle of needles) if (clean.includes(needle)) clean = clean.replaceAll(needle, CENSOR);
    if (clean.includes('PRIVATE KEY')) clean = clean.replace(PRIVATE_KEY, CENSOR);
    if (clean.includes('://')) clean = clean.replace(URL_PASSWORD, `$1${CENSOR}@`);
    return clean;
  };
}

/** Fields of a status or event that hold free text, which may quote anything. */
const PROSE: ReadonlySet<string> = new Set(['message', 'remedy', 'note']);

/** JSON whose sentences are clean. Names and numbers stay: a password may well spell a host's name. */
export function cleanJson(value: object, scrub: Scrub): string {
  return JSON.stringify(value, (name, inner: unknown) =>
    typeof inner === 'string' && PROSE.has(name) ? scrub(inner) : inner,
  );
}
