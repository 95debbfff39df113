import { expect, test } from 'vitest';
import { commandPath, planPackages } from '../../../resources/demo/system-packages.ts';

const all = ['redis-server', 'chromium'] as const;

test('does nothing when every command is there', () => {
  expect(planPackages(all, { present: () => true, root: false, apt: false })).toEqual({ kind: 'nothing' });
});

test('installs only what is missing, as root on Debian', () => {
  const machine = { present: (name: string) => name === 'chromium', root: true, apt: true };
  expect(planPackages(all, machine)).toEqual({ kind: 'install', names: ['redis-server'] });
});

test('tells anybody else the exact command', () => {
  expect(planPackages(all, { present: () => false, root: false, apt: true })).toEqual({
    kind: 'ask',
    names: ['redis-server', 'chromium'],
    command: 'sudo apt-get update && sudo apt-get install -y redis-server chromium',
  });
  const elsewhere = planPackages(all, { present: () => false, root: true, apt: false });
  expect(elsewhere.kind === 'ask' && elsewhere.command).toContain("this system's package manager");
});

test('finds the command of an installed package', () => {
  expect(commandPath('redis-server')).toMatch(/\/redis-server$/);
});
