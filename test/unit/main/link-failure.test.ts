import { expect, test } from 'vitest';
import { addressInWords } from '../../../src-main/connections/redis/connect.ts';
import { explainLinkFailure } from '../../../src-main/connections/redis/link-failure.ts';

const coded = (code: string, message = code) => Object.assign(new Error(message), { code });

const cases: [string, unknown, { code: string; retries: boolean; why: RegExp }][] = [
  [
    'a wrong password',
    new Error('WRONGPASS invalid username-password pair'),
    { code: 'REDIS_AUTH', retries: false, why: /refuses the password/ },
  ],
  [
    'no password',
    new Error('NOAUTH Authentication required.'),
    { code: 'REDIS_AUTH', retries: false, why: /wants a password/ },
  ],
  [
    'protected mode',
    new Error('DENIED Redis is running in protected mode'),
    { code: 'REDIS_AUTH', retries: false, why: /protected mode/ },
  ],
  [
    'loading',
    new Error('LOADING Redis is loading the dataset in memory'),
    { code: 'REDIS_NOT_READY', retries: true, why: /loading/ },
  ],
  [
    'a refused port',
    coded('ECONNREFUSED'),
    { code: 'REDIS_UNREACHABLE', retries: true, why: /Nothing accepts/ },
  ],
  ['an unknown name', coded('ENOTFOUND'), { code: 'REDIS_UNREACHABLE', retries: true, why: /looked up/ }],
  ['no route', coded('EHOSTUNREACH'), { code: 'REDIS_UNREACHABLE', retries: true, why: /cannot be reached/ }],
  [
    'a timeout',
    new Error('connect ETIMEDOUT'),
    { code: 'REDIS_UNREACHABLE', retries: true, why: /cannot be reached/ },
  ],
  [
    'an untrusted certificate',
    coded('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'),
    { code: 'REDIS_UNREACHABLE', retries: false, why: /certificate/ },
  ],
  [
    'no TLS there',
    coded('EPROTO', 'wrong version number'),
    { code: 'REDIS_PROTOCOL', retries: false, why: /does not speak TLS/ },
  ],
  [
    'a web server in its place',
    new Error('Unknown RESP type 72 "H". Please report this.'),
    { code: 'REDIS_UNREACHABLE', retries: true, why: /What answers at .* is no Redis/ },
  ],
  [
    'a close without a word',
    undefined,
    { code: 'REDIS_UNREACHABLE', retries: true, why: /closed the connection/ },
  ],
  [
    'anything else',
    new Error('something new'),
    { code: 'REDIS_UNREACHABLE', retries: true, why: /something new/ },
  ],
];

test.each(cases)('%s', (_name, cause, { code, retries, why }) => {
  const failure = explainLinkFailure(cause, 'h:1');
  expect(failure).toMatchObject({ code, retries });
  expect(failure.why).toMatch(why);
  expect(failure.remedy.length).toBeGreaterThan(10);
});

test('an address in words holds no secret', () => {
  const address = { host: 'fd00::1', port: 6379, password: 'geheim', tls: true };
  expect(addressInWords(address)).toBe('rediss://[fd00::1]:6379');
});

test('whether the machine there answered tells a broken way from a broken Redis', () => {
  const answered = (cause: unknown) => explainLinkFailure(cause, '100.64.0.7:6379').answered ?? false;
  const told = [
    coded('ECONNREFUSED'),
    new Error('WRONGPASS invalid'),
    coded('EPROTO', 'wrong version number'),
  ];
  expect(told.map(answered)).toEqual([true, true, true]);
  // A way that breaks under a connection may end it as well.
  const silent = [coded('EHOSTUNREACH'), new Error('connect ETIMEDOUT'), coded('ECONNRESET'), undefined];
  expect(silent.map(answered)).toEqual([false, false, false, false]);
});
