import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type AgentConfig, readConfig } from '../../../worker-agent/src/agent/config.ts';

import { AGENT_VERSION } from '../../../worker-agent/src/agent/version.ts';
import { envValues } from '../../../worker-agent/src/contract/env-text.ts';

const BASE = { REDIS_HOST: '100.99.1.2', COMFYUI_URLS: 'http://127.0.0.1:8188' };

function valid(more: Record<string, string> = {}): AgentConfig {
  const result = readConfig({ ...BASE, ...more });
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.problems));
  return result.config;
}

function problemKeys(source: Record<string, string>): string[] {
  const result = readConfig(source);
  return result.kind === 'invalid' ? result.problems.map((problem) => problem.key).sort() : [];
}

describe('env file (contract 4.3)', () => {
  test.each([
    ['A=1', '1'],
    ['export A=1', '1'],
    ['A=1 # comment', '1'],
    ['A=a#b', 'a#b'],
    ['A=a#b # comment', 'a#b'],
    ['A="a # b" # comment', 'a # b'],
    ["A='a#b'", 'a#b'],
    ['A="a\\nb"', 'a\nb'],
    ['\uFEFFA=1', '1'],
    ['A=1\r\nB=2\r\n', '1'],
    ['A=1\nA=2', '2'],
    ['A=', ''],
    ['A= # nothing', ''],
    ['# A=1\nA=2', '2'],
    ['A=NVIDIA H100', 'NVIDIA H100'],
    [`A=x#'y`, `x#'y`],
  ])('%j', (text, value) => {
    expect(envValues(text).A).toBe(value);
  });
});

describe('configuration', () => {
  test("has the platform's defaults", () => {
    expect(valid()).toMatchObject({
      redis: { host: '100.99.1.2', port: 6379, password: null, tls: false, through: null },
      initialWorkers: 1,
      queueMode: 'fifo',
      jobTimeoutMs: 3_600_000,
      heartbeatTtlSeconds: 60,
      pollIntervalMs: 2000,
      leaseMs: 30_000,
      guardMiB: null,
      maxWorkers: 1,
      workerIdPrefix: 'worker',
      log: { level: 'info' },
    });
  });

  test('the address that the GPU host sees goes before the one the VPS uses', () => {
    expect(valid({ REDIS_HOST: 'redis', INFERENCE_SERVER_REDIS_HOST: '100.1.1.1' }).redis.host).toBe(
      '100.1.1.1',
    );
    expect(valid({ APP_SERVER_REDIS_PORT: '6380' }).redis.port).toBe(6380);
    expect(valid({ APP_SERVER_REDIS_PORT: '6380', REDIS_PORT: '6381' }).redis.port).toBe(6381);
  });

  test('corrects round-robin, lower-cases log levels, reads sizes', () => {
    expect(valid({ QUEUE_MODE: 'round-robin' }).queueMode).toBe('round_robin');
    expect(valid({ LOG_LEVEL: 'WARNING' }).log.level).toBe('warn');
    expect(valid({ WORKER_GPU_MEMORY_LIMIT: '70G' }).guardMiB).toBe(71_680);
    expect(valid({ WORKER_GPU_MEMORY_LIMIT: '1.5gib' }).guardMiB).toBe(1536);
    expect(valid({ WORKER_GPU_MEMORY_LIMIT: '2048MB' }).guardMiB).toBe(2048);
  });

  test('splits a command into words without a shell', () => {
    const command = `python3 main.py --port {port} --name "a b" 'c "d"' e\\ f ""`;
    expect(valid({ RUNTIME: 'process', COMFYUI_COMMAND: command }).runtime).toEqual({
      kind: 'process',
      command: ['python3', 'main.py', '--port', '{port}', '--name', 'a b', 'c "d"', 'e f', ''],
    });
    expect(problemKeys({ ...BASE, RUNTIME: 'process', COMFYUI_COMMAND: 'a "b' })).toEqual([
      'COMFYUI_COMMAND',
    ]);
  });

  test('as many workers as servers, or as MAX_WORKERS allows', () => {
    const urls = 'http://a:1/, http://b:2,';
    expect(valid({ COMFYUI_URLS: urls })).toMatchObject({
      maxWorkers: 2,
      runtime: { kind: 'external', urls: ['http://a:1', 'http://b:2'] },
    });
    expect(valid({ COMFYUI_URLS: urls, MAX_WORKERS: '1' }).maxWorkers).toBe(1);
  });

  test('names every bad value at once', () => {
    expect(
      problemKeys({
        REDIS_HOST: 'redis://x',
        REDIS_PORT: '70000',
        REDIS_PASSWORD: 'changeme_secure_password',
        REDIS_TLS: 'maybe',
        NUM_WORKERS: '',
        QUEUE_MODE: 'lifo',
        JOB_TIMEOUT: '1h',
        WORKER_GPU_MEMORY_LIMIT: 'lots',
        LOG_LEVEL: 'loud',
        OUTPUTS_PATH: '/path/to/outputs',
        AGENT_HOST_ID: 'a b',
        COMFYUI_URLS: 'localhost:8188',
        LEASE_SECONDS: '0',
        GPU_IDS: '',
        RUNTIME: 'kubernetes',
      }),
    ).toHaveLength(15);
  });

  test.each([
    '',
    '  ',
    'changeme',
    'change_me_secure_password',
    'your-password',
    'your_password',
    '<paste here>',
  ])('refuses the placeholder %j as a password', (password) => {
    expect(problemKeys({ ...BASE, REDIS_PASSWORD: password })).toEqual(['REDIS_PASSWORD']);
  });

  test('a password is masked where it is named', () => {
    const result = readConfig({ ...BASE, REDIS_PASSWORD: 'changeme_secret' });
    expect(JSON.stringify(result)).not.toContain('changeme_secret');
  });

  test('a missing address and missing servers are named once each', () => {
    expect(problemKeys({})).toEqual(['COMFYUI_URLS', 'REDIS_HOST']);
    expect(problemKeys({ REDIS_HOST: 'x y', COMFYUI_URLS: 'x' })).toEqual(['COMFYUI_URLS', 'REDIS_HOST']);
  });

  test('compose: cards, MIG ids, several workers a card, folders apart, secrets out of reach', () => {
    const config = valid({
      RUNTIME: 'compose',
      COMFYUI_IMAGE: 'comfy:1',
      GPU_IDS: '0, GPU-8f6d, MIG-GPU-8f6d/1/0',
      WORKERS_PER_GPU: '2',
      WORKER_MEMORY_LIMIT: '64G',
      AGENT_HOST_ID: 'H100.one',
      AGENT_STATE_DIR: '/srv/agent',
      OUTPUTS_PATH: '/srv/outputs',
      COMFYUI_ARGS: '--reserve-vram 2',
    });
    expect(config.gpuIds).toEqual(['0', 'GPU-8f6d', 'MIG-GPU-8f6d/1/0']);
    expect(config.maxWorkers).toBe(6);
    expect(config.runtime).toMatchObject({
      kind: 'compose',
      options: {
        image: 'comfy:1',
        project: 'workshop-h100-one',
        maxWorkers: 6,
        memoryLimitBytes: 64 * 1024 ** 3,
        outputsPath: '/srv/agent/comfy-outputs',
        inputsPath: '/srv/agent/comfy-inputs',
        extraArgs: ['--reserve-vram', '2'],
        defaultGpu: 'all',
      },
    });
    expect(config.outputsPath).toBe('/srv/outputs');
  });

  test('compose: MAX_WORKERS caps what the cards carry; a missing image and a Docker elsewhere are named', () => {
    const compose = { RUNTIME: 'compose' };
    const capped = valid({ ...compose, COMFYUI_IMAGE: 'a', WORKERS_PER_GPU: '4', MAX_WORKERS: '3' });
    expect(capped.maxWorkers).toBe(3);
    const elsewhere = { ...BASE, ...compose, DOCKER_HOST: 'tcp://10.0.0.1:2375' };
    expect(problemKeys(elsewhere)).toEqual(['COMFYUI_IMAGE', 'DOCKER_HOST']);
    expect(valid({ ...compose, COMFYUI_BUILD: '/srv/comfy' }).runtime).toMatchObject({
      options: { image: 'workshop-comfyui:local', buildContext: '/srv/comfy' },
    });
  });
});

test('the version is that of package.json', () => {
  const manifest: unknown = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../../../worker-agent/package.json'), 'utf8'),
  );
  expect(manifest).toMatchObject({ version: AGENT_VERSION });
});
