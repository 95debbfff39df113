import { expect, test } from 'vitest';
import { type ConfigProblem, describeProblem, readConfig } from '../../../worker-agent/src/agent/config.ts';

const BASE = { REDIS_HOST: '100.99.1.2', COMFYUI_URLS: 'http://127.0.0.1:8188', AGENT_STATE_DIR: '/state' };
const FINGERPRINT = `SHA256:${'aB3+/'.repeat(8)}xyz`;
const VPS = {
  VPS_SSH_HOST: '100.99.1.2',
  VPS_SSH_USER: 'dev',
  VPS_SSH_KEY_FILE: '/etc/worker-agent/key',
  VPS_SSH_HOST_KEY: FINGERPRINT,
  VPS_OUTPUTS_PATH: '/home/dev/data/outputs',
};

function problems(source: Record<string, string>): ConfigProblem[] {
  const result = readConfig({ ...BASE, ...source });
  return result.kind === 'invalid' ? result.problems : [];
}
function config(source: Record<string, string>) {
  const result = readConfig({ ...BASE, ...source });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.config;
}

test('without a word about the VPS, files stay here', () => {
  expect(config({})).toMatchObject({ vps: null, outputsPath: '/state/outputs', deliveryWaitMs: 120_000 });
});

test('with a VPS, a copy stays here only where the host says so', () => {
  expect(config(VPS)).toMatchObject({
    outputsPath: null,
    vps: {
      host: '100.99.1.2',
      port: 22,
      user: 'dev',
      keyFile: '/etc/worker-agent/key',
      hostKeys: [FINGERPRINT],
      outputsPath: '/home/dev/data/outputs',
      inputsPath: null,
    },
  });
  expect(config({ ...VPS, OUTPUTS_PATH: '/outputs' }).outputsPath).toBe('/outputs');
  const { VPS_OUTPUTS_PATH: _, ...inputsOnly } = { ...VPS, VPS_INPUTS_PATH: '/inputs' };
  expect(config(inputsOnly).outputsPath).toBe('/state/outputs');
});

test('several host keys and the padding of base64 are accepted', () => {
  const two = `${FINGERPRINT}= , SHA256:${'x'.repeat(43)}`;
  expect(config({ ...VPS, VPS_SSH_HOST_KEY: two }).vps?.hostKeys).toEqual([
    FINGERPRINT,
    `SHA256:${'x'.repeat(43)}`,
  ]);
});

test('what is needed beside what is given is missed by name', () => {
  expect(problems({ VPS_SSH_HOST: '100.99.1.2' }).map(({ key, problem }) => `${key} ${problem}`)).toEqual([
    'VPS_SSH_USER is missing',
    'VPS_SSH_KEY_FILE is missing',
    'VPS_SSH_HOST_KEY is missing',
    'VPS_OUTPUTS_PATH is missing',
  ]);
  expect(problems({ VPS_OUTPUTS_PATH: '/x' }).map(({ key }) => key)).toContain('VPS_SSH_HOST');
});

test.each([
  ['VPS_SSH_HOST', 'dev@100.99.1.2'],
  ['VPS_SSH_HOST', 'ssh://100.99.1.2'],
  ['VPS_SSH_PORT', '0'],
  ['VPS_SSH_HOST_KEY', 'MD5:aa:bb'],
  ['VPS_SSH_HOST_KEY', 'SHA256:short'],
  ['VPS_SSH_HOST_KEY', ''],
  ['VPS_OUTPUTS_PATH', 'data/outputs'],
  ['VPS_OUTPUTS_PATH', '/path/to/outputs'],
  ['VPS_INPUTS_PATH', './inputs'],
  ['DELIVERY_WAIT_SECONDS', '2m'],
])('%s=%j is refused, once', (key, value) => {
  expect(problems({ ...VPS, [key]: value }).map((problem) => problem.key)).toEqual([key]);
});

test('a key pasted in the place of its path is refused and not shown', () => {
  const [problem] = problems({
    ...VPS,
    VPS_SSH_KEY_FILE: '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END',
  });
  expect(problem && describeProblem(problem)).toMatch(
    /VPS_SSH_KEY_FILE=<\d+ characters, hidden> is not a path/,
  );
});

test('Redis through the SSH of the VPS needs the login and no folder', () => {
  const { VPS_OUTPUTS_PATH: _, ...login } = VPS;
  expect(config({ ...login, REDIS_THROUGH: 'vps-ssh' })).toMatchObject({
    redis: { host: '100.99.1.2', through: { host: '100.99.1.2', user: 'dev' } },
    outputsPath: '/state/outputs',
  });
  expect(config(VPS).redis.through).toBeNull();
  expect(problems({ REDIS_THROUGH: 'vps-ssh' }).map(({ key }) => key)).toEqual([
    ...['VPS_SSH_HOST', 'VPS_SSH_USER', 'VPS_SSH_KEY_FILE', 'VPS_SSH_HOST_KEY'],
  ]);
});
