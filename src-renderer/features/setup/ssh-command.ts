/** A login as it is typed. */
export interface LoginText {
  host: string;
  user: string;
  port: string;
  keyFile: string;
}

export const NO_LOGIN: LoginText = { host: '', user: '', port: '', keyFile: '' };

/**
 * Takes apart what providers offer for copying: "ssh root@1.2.3.4 -p 12345 -i ~/.ssh/id_ed25519", or user@host:port.
 * @returns undefined for a plain host name, which needs no taking apart.
 */
export function readSshCommand(text: string): Partial<LoginText> | undefined {
  const words = text.trim().split(/\s+/);
  const bare = /^([^@\s]+)@([^@\s:]+)(?::(\d+))?$/;
  if (words[0] !== 'ssh') {
    const [, user, host, port] = bare.exec(text.trim()) ?? [];
    return user && host ? { user, host, ...(port ? { port } : {}) } : undefined;
  }
  const found: Partial<LoginText> = {};
  const rest = words.slice(1);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-p') found.port = rest.shift() ?? '';
    else if (word === '-i') found.keyFile = rest.shift() ?? '';
    else if (word === '-l') found.user = rest.shift() ?? '';
    else if (!word.startsWith('-') && found.host === undefined) {
      const [, user, host] = bare.exec(word) ?? [];
      found.host = host ?? word;
      if (user) found.user = user;
    }
  }
  return found.host === undefined ? undefined : found;
}

export type CheckedLogin =
  | { kind: 'ok'; login: { host: string; user: string | null; port: number | null; keyFile: string | null } }
  | { kind: 'wrong'; errors: Partial<Record<keyof LoginText, string>> };

/** Checks all fields at once; each sentence says what to enter. */
export function checkLogin(text: LoginText): CheckedLogin {
  const errors: Partial<Record<keyof LoginText, string>> = {};
  const host = text.host.trim();
  const user = text.user.trim();
  const port = text.port.trim();
  const keyFile = text.keyFile.trim();
  if (host === '') errors.host = 'Enter the address, for example 100.64.0.7.';
  else if (host.length > 255 || !/^[a-zA-Z0-9_.:%[\]-]+$/.test(host))
    errors.host = 'Only a host name or an IP address.';
  if (user !== '' && !/^[a-zA-Z0-9_][a-zA-Z0-9_.@-]{0,63}$/.test(user)) errors.user = 'That is no user name.';
  if (port !== '' && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535))
    errors.port = '1 to 65535, usually 22.';
  if (keyFile.length > 1000) errors.keyFile = 'At most 1000 characters.';
  if (Object.keys(errors).length > 0) return { kind: 'wrong', errors };
  return {
    kind: 'ok',
    login: { host, user: user || null, port: port === '' ? null : Number(port), keyFile: keyFile || null },
  };
}
