import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planImport } from '../../../../src-main/domain/env-file/import-plan.ts';
import { reviewOf } from '../../../../src-main/domain/env-file/import-review.ts';
import { isSecret, maskSecret } from '../../../../src-main/domain/env-file/mask.ts';
import type { ImportChoices, ImportFacts } from '../../../../src-main/domain/env-file/redis-address.ts';
import { gatherEnvironment, readConfig } from '../../../../worker-agent/src/agent/config.ts';
import {
  envEntries,
  envValues,
  parseEnvText,
  printEnvFile,
} from '../../../../worker-agent/src/contract/env-text.ts';
import { envSample } from '../../../support/env-samples.ts';

const VPS = '100.99.216.71';

function plan(
  text: string,
  facts: Partial<Omit<ImportFacts, 'source'>> = {},
  choices: Partial<ImportChoices> = {},
) {
  return planImport(
    {
      ...{ source: parseEnvText(text), existing: null, tailnetAddress: VPS, listensOn: null },
      ...{ outputs: { kind: 'not-asked' }, inputs: { kind: 'not-asked' } },
      ...facts,
    },
    { accepted: [], values: {}, ...choices },
  );
}
type Plan = ReturnType<typeof plan>;
const problem = (made: Plan, id: string) => made.problems.find((one) => one.id === id);
const written = (made: Plan) => envValues(printEnvFile(made.result));
const entry = (made: Plan, key: string) => made.entries.find((one) => one.key === key);

describe.each(['vps-comfy-multi', 'vps-comfyume-v1'] as const)('the platform’s %s.env', (name) => {
  const filledIn = envSample(name).replace('changeme_secure_password', 'Str0ngEnough');

  test('as it is delivered: the placeholder password blocks, with the password to be entered', () => {
    const made = plan(envSample(name));
    expect(made.ready).toBe(false);
    expect(problem(made, 'REDIS_PASSWORD/value')).toMatchObject({
      blocking: true,
      ask: true,
      accepted: false,
    });
    expect(problem(made, 'ADMIN_PASSWORD/placeholder')).toMatchObject({
      ...{ where: 'vps', blocking: false, mend: 'set-env-key' },
    });
    const entered = plan(envSample(name), {}, { values: { REDIS_PASSWORD: 'Entered1' } });
    expect(entered.ready).toBe(true);
    expect(entered.redis).toEqual({ host: VPS, port: 6379, password: 'Entered1', tls: false });
  });

  test('filled in: exactly what a worker needs goes along, and the agent accepts it', () => {
    const made = plan(filledIn);
    expect(made.ready).toBe(true);
    const file = written(made);
    expect(file).toMatchObject({
      REDIS_HOST: VPS,
      INFERENCE_SERVER_REDIS_HOST: VPS,
      REDIS_PORT: '6379',
      REDIS_PASSWORD: 'Str0ngEnough',
      QUEUE_MODE: 'fifo',
      JOB_TIMEOUT: '3600',
      NUM_WORKERS: '1',
      WORKER_GPU_MEMORY_LIMIT: '70G',
    });
    const never = /API_KEY|TOKEN|ADMIN|SSL|NGINX|DOMAIN|SERVERLESS|BIND|_PATH|^DEBUG|NUM_USERS/;
    expect(Object.keys(file).filter((key) => never.test(key))).toEqual([]);
    const config = readConfig(
      gatherEnvironment(undefined, { ...file, COMFYUI_URLS: 'http://127.0.0.1:8188' }),
    );
    expect(config).toMatchObject({
      kind: 'valid',
      config: { redis: { host: VPS, password: 'Str0ngEnough' } },
    });
  });

  test('says why each key goes, changes or stays', () => {
    const made = plan(filledIn);
    expect(entry(made, 'REDIS_HOST')).toMatchObject({ group: 'rewritten', to: VPS });
    expect(entry(made, 'ADMIN_PASSWORD')).toMatchObject({ group: 'kept-away', to: null, secret: true });
    expect(entry(made, 'DOMAIN')).toMatchObject({ group: 'left-out', to: null });
    for (const one of made.entries) expect(one.why).not.toBe('');
    const keys = made.entries.map(({ key }) => key);
    for (const key of envEntries(parseEnvText(filledIn)).keys())
      expect(keys.includes(key) || key === 'APP_SERVER_REDIS_PORT').toBe(true);
  });

  test('warns that Redis is closed to the GPU host, with what opens it', () => {
    const closed = problem(plan(filledIn), 'REDIS_BIND_IP/closed');
    expect(closed).toMatchObject({ where: 'vps', blocking: false, mend: 'open-redis' });
    expect(problem(plan(filledIn, { listensOn: [VPS] }), 'REDIS_BIND_IP/closed')).toBeUndefined();
    const seen = problem(plan(filledIn, { listensOn: ['127.0.0.1'] }), 'REDIS_BIND_IP/closed');
    expect(seen?.sentence).toContain('on 127.0.0.1 only');
  });

  test('a second import over the written file changes nothing', () => {
    const first = plan(filledIn);
    const again = plan(filledIn, { existing: first.result });
    expect(printEnvFile(again.result)).toBe(printEnvFile(first.result));
    expect(again.changes.every(({ kind }) => kind === 'same')).toBe(true);
  });
});

describe('the address of Redis', () => {
  const host = (text: string, facts: Partial<ImportFacts> = {}) => plan(text, facts).redis?.host;
  test('is the VPS’s own word first, then a tailnet address in the file, else it is asked for', () => {
    expect(host('REDIS_HOST=redis')).toBe(VPS);
    expect(host('REDIS_HOST=100.64.0.9')).toBe(VPS);
    const silent = { tailnetAddress: null };
    expect(host('REDIS_HOST=100.64.0.9', silent)).toBe('100.64.0.9');
    expect(
      host('REDIS_HOST=redis\nINFERENCE_SERVER_REDIS_HOST=100.64.0.8\nREDIS_BIND_IP=100.64.0.7', silent),
    ).toBe('100.64.0.8');
    expect(host('REDIS_HOST=redis\nREDIS_BIND_IP=100.64.0.7', silent)).toBe('100.64.0.7');
    for (const text of [
      'REDIS_HOST=redis',
      'REDIS_HOST=workshop.example.com',
      'REDIS_HOST=100.200.0.1',
      '',
    ]) {
      const made = plan(`${text}\nREDIS_PASSWORD=x`, silent);
      expect(made.redis).toBeNull();
      expect(problem(made, 'REDIS_HOST/unknown')).toMatchObject({ blocking: true, ask: true });
      expect(made.ready).toBe(false);
    }
  });

  test('can be entered; one that is not of a tailnet is allowed with a warning, nonsense is not', () => {
    const silent = { tailnetAddress: null };
    const enter = (value: string) => plan('REDIS_PASSWORD=x', silent, { values: { REDIS_HOST: value } });
    expect(enter('100.64.0.9')).toMatchObject({ ready: true, redis: { host: '100.64.0.9' } });
    expect(problem(enter('192.168.1.5'), 'REDIS_HOST/not-tailnet')).toMatchObject({ blocking: false });
    expect(enter('redis://x').ready).toBe(false);
    expect(enter('a b').ready).toBe(false);
  });

  test('a bind address of another machine, or of the whole world, is told', () => {
    expect(problem(plan('REDIS_BIND_IP=100.64.1.1'), 'REDIS_BIND_IP/other')?.sentence).toContain(VPS);
    expect(problem(plan('REDIS_BIND_IP=0.0.0.0'), 'REDIS_BIND_IP/open')?.sentence).toContain('internet');
    expect(plan(`REDIS_BIND_IP=${VPS}`).problems.filter(({ key }) => key === 'REDIS_BIND_IP')).toEqual([]);
  });
});

describe('participants’ folders on the VPS', () => {
  const text = 'REDIS_PASSWORD=x\nOUTPUTS_PATH=./data/outputs\nINPUTS_PATH=./data/inputs\n';
  const outputs = { kind: 'known', path: '/home/dev/platform/data/outputs' } as const;

  test('go along once the VPS has told where they really are', () => {
    const made = plan(text, { outputs, inputs: { kind: 'missing' } });
    expect(entry(made, 'VPS_OUTPUTS_PATH')).toMatchObject({
      ...{ group: 'rewritten', from: './data/outputs', to: outputs.path },
      why: expect.stringContaining('the agent brings them there'),
    });
    expect(written(made).VPS_OUTPUTS_PATH).toBe(outputs.path);
    expect(Object.keys(written(made))).not.toContain('VPS_INPUTS_PATH');
    expect(problem(made, 'VPS_INPUTS_PATH/missing')).toMatchObject({
      ...{ where: 'vps', blocking: false },
      sentence: expect.stringContaining('“./data/inputs” is not there on the VPS'),
      mend: 'open-folder',
    });
  });

  test('are never guessed: who does not know says so and where to ask', () => {
    const made = plan(text);
    expect(made.ready).toBe(true);
    expect(Object.keys(written(made)).filter((key) => key.startsWith('VPS_'))).toEqual([]);
    expect(problem(made, 'VPS_OUTPUTS_PATH/not-asked')?.sentence).toContain('Look for it on the VPS');
    expect(problem(plan('REDIS_PASSWORD=x'), 'VPS_OUTPUTS_PATH/not-asked')?.sentence).toContain(
      'names no OUTPUTS_PATH',
    );
  });

  test('that were found out earlier stay when a dropped file cannot tell', () => {
    const made = plan(text, { existing: parseEnvText('VPS_OUTPUTS_PATH=/srv/outputs\n') });
    expect(written(made).VPS_OUTPUTS_PATH).toBe('/srv/outputs');
    expect(problem(made, 'VPS_OUTPUTS_PATH/not-asked')).toBeUndefined();
  });
});

describe('values that are wrong', () => {
  test.each([
    ['QUEUE_MODE', 'round-robin', 'round_robin'],
    ['QUEUE_MODE', 'Fifo', 'fifo'],
    ['QUEUE_MODE', 'fastest', 'fifo'],
    ['JOB_TIMEOUT', '1h', '3600'],
    ['JOB_TIMEOUT', '90 min', '5400'],
    ['JOB_TIMEOUT', 'long', '3600'],
    ['NUM_WORKERS', '', '1'],
    ['NUM_WORKERS', '-1', '1'],
    ['REDIS_PORT', '70000', '6379'],
    ['WORKER_GPU_MEMORY_LIMIT', '70 Gigs', '70G'],
    ['WORKER_GPU_MEMORY_LIMIT', 'all', '70G'],
    ['LOG_LEVEL', 'verbose', 'INFO'],
    ['WORKER_RESTART_POLICY', 'sometimes', 'unless-stopped'],
    ['WORKER_POLL_INTERVAL', '2s', '2'],
    ['REDIS_TLS', 'maybe', 'false'],
  ])('%s=%s blocks until %s is taken', (key, value, better) => {
    const text = `REDIS_PASSWORD=secret1\n${key}=${value}\n`;
    const before = plan(text);
    const found = problem(before, `${key}/value`);
    expect(found).toMatchObject({ blocking: true, accepted: false, fix: { value: better } });
    expect(before.ready).toBe(false);
    const after = plan(text, {}, { accepted: [`${key}/value`] });
    expect(after.ready).toBe(true);
    expect(written(after)[key]).toBe(better);
  });

  test.each(['70G', '70g', '71680M', '1.5TB', '24GiB', '500000k', '1024'])('the size %s is one', (size) => {
    expect(problem(plan(`WORKER_GPU_MEMORY_LIMIT=${size}`), 'WORKER_GPU_MEMORY_LIMIT/value')).toBeUndefined();
  });

  test('a lower-case log level is mended in the copy, and named where it stops the queue manager', () => {
    const made = plan('LOG_LEVEL=info\nQUEUE_MANAGER_LOG_LEVEL=info\nREDIS_PASSWORD=x');
    expect(problem(made, 'LOG_LEVEL/value')).toMatchObject({ where: 'gpu', fix: { value: 'INFO' } });
    expect(problem(made, 'QUEUE_MANAGER_LOG_LEVEL/value')).toMatchObject({
      where: 'vps',
      blocking: false,
      ...{ fix: null, mend: 'set-env-key' },
    });
    // Of a word that both sides read, the copy is right at once; the VPS's own is another press.
    expect(problem(plan('QUEUE_MODE=round-robin\nREDIS_PASSWORD=x'), 'QUEUE_MODE/value')).toMatchObject({
      ...{ where: 'gpu', fix: { value: 'round_robin' }, mend: 'set-env-key' },
    });
  });

  test('serverless inference, repeated keys, unreadable lines and unquoted blanks are named', () => {
    const made = plan(
      'INFERENCE_MODE=serverless\nA=1\nA=2\nnonsense\nRUNPOD_GPU_TYPE=NVIDIA H100\nREDIS_PASSWORD=x',
    );
    expect(problem(made, 'INFERENCE_MODE/value')?.sentence).toContain('no worker ever gets one');
    expect(problem(made, 'A/repeated')).toBeDefined();
    expect(problem(made, 'line-4/unreadable')).toBeDefined();
    expect(problem(made, 'RUNPOD_GPU_TYPE/blank')).toMatchObject({ where: 'vps' });
  });

  test('a password with characters that are unsafe elsewhere is copied verbatim, with a warning', () => {
    const made = plan(`REDIS_PASSWORD='p $#"x'`);
    expect(written(made).REDIS_PASSWORD).toBe('p $#"x');
    expect(problem(made, 'REDIS_PASSWORD/value')).toMatchObject({ blocking: false });
    expect(made.ready).toBe(true);
  });
});

describe('a file that stands on the GPU host', () => {
  const existing = parseEnvText(
    '# mine\nRUNTIME=compose\nREDIS_HOST=redis # old\nMODELS_PATH=/mnt/models\nVERDA_API_KEY=stray-key-1\nHF_TOKEN=\n',
  );
  test('keeps its order, comments and own settings', () => {
    const made = plan('REDIS_HOST=redis\nREDIS_PASSWORD=x\nMODELS_PATH=./data/models', { existing });
    const text = printEnvFile(made.result);
    expect(
      text.startsWith(`# mine\nRUNTIME=compose\nREDIS_HOST=${VPS} # old\nMODELS_PATH=/mnt/models\n`),
    ).toBe(true);
    expect(made.changes.find(({ key }) => key === 'REDIS_HOST')).toMatchObject({
      kind: 'changed',
      before: 'redis',
      after: VPS,
    });
    expect(made.changes.find(({ key }) => key === 'MODELS_PATH')).toMatchObject({ kind: 'same' });
    expect(made.changes.find(({ key }) => key === 'REDIS_PASSWORD')).toMatchObject({ kind: 'added' });
  });

  test('a stray secret is offered to be taken out', () => {
    const source = 'REDIS_PASSWORD=x';
    expect(plan(source, { existing }).problems.filter(({ id }) => id.endsWith('/stray'))).toHaveLength(1);
    const made = plan(source, { existing }, { accepted: ['VERDA_API_KEY/stray'] });
    expect(printEnvFile(made.result)).not.toContain('stray-key-1');
    expect(made.changes.find(({ key }) => key === 'VERDA_API_KEY')).toMatchObject({ kind: 'removed' });
  });
});

describe('secrets', () => {
  test('are told by name and by look', () => {
    for (const key of [
      'REDIS_PASSWORD',
      'GH_TOKEN',
      'R2_SECRET_ACCESS_KEY',
      'VERDA_SSH_PRIVATE_KEY',
      'USER_CREDENTIALS_USER001',
      'X_API_KEY',
      'R2_ACCESS_KEY_ID',
    ])
      expect(isSecret(key, 'v')).toBe(true);
    for (const key of ['REDIS_HOST', 'SSL_KEY_PATH', 'DOMAIN', 'VERDA_SSH_PRIVATE_KEY_LOCATION'])
      expect(isSecret(key, 'v')).toBe(false);
    expect(isSecret('NOTE', '-----BEGIN OPENSSH PRIVATE KEY-----')).toBe(true);
    expect(isSecret('URL', 'redis://:geheim@h:1')).toBe(true);
    expect(maskSecret('qz1')).toBe('•••••••• (3 characters)');
  });

  test('never stand in the review, whatever the file', () => {
    const marker = 'MARKER7f3a';
    const key = fc.constantFrom(
      'REDIS_PASSWORD',
      'ADMIN_PASSWORD',
      'GH_TOKEN',
      'HF_TOKEN',
      'RUNPOD_API_KEY',
      'AUTH_COOKIE_SECRET',
      'MY_SECRET',
    );
    const dressed = fc.constantFrom(
      marker,
      `'${marker} x'`,
      `"${marker}\\n"`,
      `changeme${marker}`,
      `${marker} two # c`,
      `'${marker}"$\`'`,
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(key, dressed), { maxLength: 8 }), (pairs) => {
        const text = pairs.map(([name, value]) => `${name}=${value}`).join('\n');
        const made = plan(
          text,
          { existing: parseEnvText(text) },
          { values: { REDIS_PASSWORD: `${marker}!` } },
        );
        expect(JSON.stringify(reviewOf(made))).not.toContain(marker);
      }),
    );
  });
});
