import { z } from 'zod';
import { commaList, filledIn, seconds, wholeNumber } from './config-values.ts';
import { key } from './key-spec.ts';

const absolute = filledIn.refine(
  (path) => path.startsWith('/') && !path.includes('\0'),
  'is not an absolute path; on the VPS there is no folder to start from',
);
const fingerprint = z
  .string()
  .transform((text) => text.replace(/=+$/, ''))
  .pipe(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'is not a fingerprint of the form SHA256:…'));

/** The keys of the way to users' files on the VPS, by SSH; same shape as in config-keys.ts. */
export const VPS_KEYS = {
  VPS_SSH_HOST: key(
    filledIn.refine(
      (value) => /^[a-zA-Z0-9_.:-]{1,253}$/.test(value),
      'must be a host name or an IP address, without ssh://, user or port',
    ),
    'Give the Tailscale address of the VPS (100.x.y.z); left out, files stay on this machine.',
  ),
  VPS_SSH_PORT: key(wholeNumber(1, 65535), 'Give the port of sshd on the VPS, normally 22.'),
  VPS_SSH_USER: key(
    filledIn.refine((value) => /^[a-zA-Z0-9_][a-zA-Z0-9_.@-]{0,63}$/.test(value), 'is no user name'),
    'Give the user on the VPS that may write the users’ outputs.',
  ),
  VPS_SSH_KEY_FILE: key(
    filledIn.refine(
      (path) => !/PRIVATE KEY|[\r\n]/.test(path),
      'is not a path; the key itself belongs in a file',
    ),
    "Make a key with ssh-keygen -t ed25519 -N '', add its public half to authorized_keys on the VPS, and give the path of the private half.",
  ),
  VPS_SSH_HOST_KEY: key(
    commaList.pipe(z.array(fingerprint).min(1, 'names no fingerprint')),
    'Type ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on the VPS and copy the part that begins with SHA256:.',
  ),
  VPS_OUTPUTS_PATH: key(absolute, 'Give the folder data/outputs of the platform on the VPS.'),
  VPS_INPUTS_PATH: key(absolute, 'Give the folder data/inputs of the platform on the VPS.'),
  DELIVERY_WAIT_SECONDS: key(
    seconds(0, 3600),
    'Use 120: a job then ends, with a warning, though the VPS is away; its files follow.',
  ),
} as const;
