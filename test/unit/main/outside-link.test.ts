import { expect, test } from 'vitest';
import { loginLinkIn, outsideLink } from '../../../src-main/domain/outside-link.ts';

const LOGIN = 'https://login.tailscale.com/a/1a2b3c4d';

test('only what is named whole may be opened', () => {
  expect(outsideLink(LOGIN)).toBe(LOGIN);
  expect(outsideLink(`${LOGIN}?next=%2Fadmin&x=1`)).not.toBeNull();
});

test.each([
  ...['http://login.tailscale.com/a', 'https://login.tailscale.com.evil.example/a', 'https://evil.example/a'],
  ...[
    'https://login.tailscale.com@evil.example/',
    'https://login.tailscale.com:8443/a',
    'file:///etc/passwd',
  ],
  ...['javascript:alert(1)//https://login.tailscale.com/', ' https://login.tailscale.com/a', `${LOGIN}\n`],
  ...[
    `${LOGIN}"><script>`,
    `${LOGIN}#frag`,
    `${LOGIN}\\..`,
    `https://LOGIN.tailscale.com/a`,
    `${LOGIN}${'a'.repeat(300)}`,
  ],
  ...['', null, undefined, 7, {}],
])('anything else may not (%#)', (text) => {
  expect(outsideLink(text)).toBeNull();
});

test('it is found in what tailscale prints', () => {
  expect(loginLinkIn(`\t${LOGIN}`)).toBe(LOGIN);
  expect(loginLinkIn(`Or scan: ${LOGIN} now`)).toBe(LOGIN);
  expect(loginLinkIn('To authenticate, visit:')).toBeNull();
  expect(loginLinkIn('curl: https://tailscale.com/install.sh')).toBeNull();
});
