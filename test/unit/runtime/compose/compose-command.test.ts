import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { composeUp, findCompose } from '../../../../worker-agent/src/runtime/compose/compose-command.ts';
import { createDocker } from '../../../../worker-agent/src/runtime/compose/docker.ts';

/** A PATH of our own, with programs that write down how they were called. */
let bin = '';
const called = () => readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
const program = (name: string, script: string) => {
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >> '${bin}/calls'\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
};
const docker = () =>
  createDocker({
    host: null,
    environment: { PATH: `${bin}:/bin:/usr/bin`, REDIS_PASSWORD: 's3cret', COMPOSE_FILE: 'x' },
  });

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'compose-bin-'));
});
afterEach(() => rmSync(bin, { recursive: true }));

test('the plugin is preferred to the old program', async () => {
  program('docker', 'echo 2.34.0');
  program('docker-compose', 'echo 1.29.2');
  const compose = await findCompose(docker());
  expect(compose).toEqual({ version: '2.34.0', argv: ['docker', 'compose'] });
});

test('without the plugin the old program is taken', async () => {
  program('docker', `echo "docker: 'compose' is not a docker command." >&2; exit 1`);
  program('docker-compose', 'echo 1.29.2');
  expect(await findCompose(docker())).toEqual({ version: '1.29.2', argv: ['docker-compose'] });
});

test('one that cannot hand out GPUs is refused with its version', async () => {
  program('docker', 'exit 1');
  program('docker-compose', 'echo 1.25.0');
  await expect(findCompose(docker())).rejects.toThrow('docker-compose 1.25.0 cannot hand GPUs');
});

test('starts exactly one service, with nothing it might depend on, for either compose', async () => {
  for (const [argv, words] of [
    [['docker', 'compose'], 'docker compose'],
    [['docker-compose'], 'docker-compose'],
  ] as const) {
    program(argv[0], 'exit 0');
    const where = { project: 'workshop-h', file: '/s/compose.yaml', workerId: 'worker-2' };
    await composeUp(docker(), { version: '0', argv }, where);
    expect(called().at(-1)).toBe(
      `${words} -p workshop-h -f /s/compose.yaml up -d --no-deps --no-build worker-2`,
    );
  }
});

test('neither the agent’s secrets nor the host’s compose settings reach the command', async () => {
  program('docker', 'env > "$(dirname "$0")/environment"; echo 2.34.0');
  await findCompose(docker());
  const environment = readFileSync(join(bin, 'environment'), 'utf8');
  expect(environment).not.toContain('s3cret');
  expect(environment).not.toContain('COMPOSE_FILE');
});
