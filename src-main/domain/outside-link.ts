import { z } from 'zod';

/** Pages outside of the console that it may open; each is named here whole. */
const HOSTS: readonly string[] = ['login.tailscale.com'];
/** The characters of Tailscale's links; no user, no port, nothing that a browser reads otherwise than we do. */
const FORM = /^https:\/\/([a-z.]+)\/[\w./?=&%~-]*$/;

const schema = z
  .string()
  .max(300)
  .refine((text) => HOSTS.includes(FORM.exec(text)?.[1] ?? ''));

/** An address that may be opened in the person's browser, or null. It came from another machine: nothing is believed. */
export function outsideLink(text: unknown): string | null {
  return schema.safeParse(text).data ?? null;
}

/** The link that a login over there is finished with, in a line that a program printed. */
export function loginLinkIn(line: string): string | null {
  return outsideLink(/https:\/\/\S+/.exec(line)?.[0]);
}
