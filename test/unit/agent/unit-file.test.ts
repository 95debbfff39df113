import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../worker-agent/src/agent/config.ts';

const FOLDER = resolve(import.meta.dirname, '../../../resources/worker-agent');
const ANALYZE = 'systemd-analyze';
const hasSystemd = spawnSync(ANALYZE, ['--version']).status === 0;

describe.each(['worker-agent.service', 'worker-agent.user.service'])('%s', (name) => {
  const text = readFileSync(join(FOLDER, name), 'utf8');
  const setting = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(text)?.[1];

  test('gives a stop more time than the agent takes for it', () => {
    const result = readConfig({ REDIS_HOST: 'vps', COMFYUI_URLS: 'http://127.0.0.1:8188' });
    if (result.kind === 'invalid') throw new Error('the configuration of this test is not valid');
    expect(Number(setting('TimeoutStopSec')) * 1000).toBeGreaterThan(result.config.stopGraceMs + 30_000);
  });

  test('starts node in a way that node understands', () => {
    const flags = (setting('ExecStart') ?? '').split(' ').filter((word) => word.startsWith('--max'));
    expect(flags).toHaveLength(1);
    expect(execFileSync(process.execPath, [...flags, '-p', '1+1'], { encoding: 'utf8' }).trim()).toBe('2');
  });

  test.skipIf(!hasSystemd)('is a unit that systemd accepts', () => {
    const dir = mkdtempSync(join(tmpdir(), 'workshop-unit-'));
    try {
      const agent = join(dir, 'worker-agent.mjs');
      const envFile = join(dir, 'agent.env');
      writeFileSync(agent, '');
      writeFileSync(envFile, '');
      const values = { USER: userInfo().username, NODE: process.execPath, AGENT: agent, ENV_FILE: envFile };
      const filled = text.replaceAll(/@([A-Z_]+)@/g, (whole, key: string) =>
        key in values ? values[key as keyof typeof values] : whole,
      );
      expect(filled.replaceAll(/^#.*$/gm, '')).not.toMatch(/@[A-Z_]+@/);
      const unit = join(dir, 'worker-agent.service');
      writeFileSync(unit, filled);
      const { status, stderr } = spawnSync(ANALYZE, ['verify', '--man=no', unit], {
        encoding: 'utf8',
      });
      const complaints = stderr.split('\n').filter((line) => line.includes('worker-agent'));
      expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
    } finally {
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
