import type { RedisSettings } from '../../../src-main/api/types.ts';

/** The first-run form as it is typed. */
export interface ConnectionForm {
  name: string;
  host: string;
  port: string;
  password: string;
  tls: boolean;
}

export const EMPTY_FORM: ConnectionForm = { name: '', host: '', port: '6379', password: '', tls: false };

export type CheckedForm =
  | { kind: 'ok'; input: RedisSettings & { name: string } }
  | { kind: 'wrong'; errors: Partial<Record<keyof ConnectionForm, string>> };

/** Checks all fields at once; each sentence says what to enter. */
export function checkConnection(form: ConnectionForm): CheckedForm {
  const errors: Partial<Record<keyof ConnectionForm, string>> = {};
  const name = form.name.trim();
  const host = form.host.trim();
  const port = Number(form.port);
  if (name === '') errors.name = 'Give the workshop a name, as the room shall read it.';
  else if (name.length > 100) errors.name = 'At most 100 characters.';
  if (host === '') errors.host = 'Enter the address of Redis, for example 100.64.0.7.';
  else if (/^[a-z]+:\/\//i.test(host))
    errors.host = 'Only the host, without redis:// in front; TLS has its own switch.';
  else if (/[\s/@]/.test(host)) errors.host = 'Only a host name or IP address.';
  else if (host.length > 255) errors.host = 'At most 255 characters.';
  else if (/^[^:]+:\d+$/.test(host)) errors.host = 'Only the host; the port has its own field.';
  if (!/^\d+$/.test(form.port.trim()) || port < 1 || port > 65_535) errors.port = '1 to 65535, usually 6379.';
  if (form.password.length > 1000) errors.password = 'At most 1000 characters.';
  if (Object.keys(errors).length > 0) return { kind: 'wrong', errors };
  const password = form.password === '' ? null : form.password;
  return { kind: 'ok', input: { name, host, port, password, tls: form.tls } };
}
