import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import { type PrivateRedis, startPrivateRedis } from '../../../resources/demo/private-redis.ts';
import { type Console, composeConsole, secretsInMemoryOnly } from '../../../src-main/app/compose.ts';
import { emptyProfile } from '../../../src-main/domain/workshops/profile.ts';
import { describeStage } from '../../../src-renderer/features/stage/describe-stage.ts';
import { factsOf } from '../../../src-renderer/features/stage/facts.ts';
import { applyChanges } from '../../../src-renderer/live/apply.ts';
import { emptyState, type LiveState } from '../../../src-renderer/live/store.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { tailscaleStatus } from '../../support/tailscale-answers.ts';
import { until } from './until.ts';

/** The console as a shell composes it, its Redis reached through the VPS's SSH: real sshd, real Redis. */

let vps: SshServer;
let cable: FaultProxy;
let redis: PrivateRedis;
let console_: Console;
let screen: LiveState = emptyState(Date.now());
/** Programs of the laptop. */
let bin: string;
let dir: string;
const ending = new AbortController();
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'through-vps-'));
  undo.push(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  [vps, redis] = await Promise.all([
    startSshServer({ ownHome: true }),
    startPrivateRedis({ password: 'secret' }),
  ]);
  undo.push(
    () => vps.close(),
    () => redis.stop(),
  );
  cable = await startFaultProxy(vps.port);
  undo.push(() => cable.stop());
  // The laptop has a home of its own, so that nobody's known_hosts is written to.
  const { HOME } = process.env;
  process.env.HOME = join(dir, 'laptop');
  undo.push(() => {
    process.env.HOME = HOME;
  });
  bin = join(dir, 'bin');
  await compose({});
});
afterAll(async () => {
  ending.abort();
  for (const step of undo.reverse()) await step();
});

async function compose(env: Record<string, string>): Promise<void> {
  const opened = await composeConsole({
    env: { ...env, PATH: `${bin}:/usr/bin:/bin` },
    dir: await mkdtemp(join(dir, 'console-')),
    secrets: secretsInMemoryOnly,
    agentFolders: [],
  });
  undo.push(() => opened.close());
  console_ = opened;
  void mirror();
}

/** Puts a tailscale that gives this answer there. */
async function tailscaleIn(folder: string, answer: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'tailscale'), `#!/bin/sh\ncat <<'END'\n${answer}\nEND\n`);
  await chmod(join(folder, 'tailscale'), 0o755);
}

/** What a window would know. */
async function mirror(): Promise<void> {
  screen = emptyState(Date.now());
  for await (const { changes } of console_.services.watch.watch(ending.signal))
    screen = { ...applyChanges(screen, changes), line: { kind: 'live', since: 0 } };
}
const redisIs = (kind: string) =>
  until(
    `Redis is ${kind}, it is ${JSON.stringify(screen.links.redis)}`,
    () => screen.links.redis.kind === kind,
  );
const vpsNow = () => screen.machines.find(({ id }) => id === 'vps');
/** What the Stage says. */
const says = () => {
  const { headline, details } = describeStage(factsOf(screen), Date.now());
  return [headline, ...details].join(' ');
};
const submit = (id: string) =>
  submitAsQueueManager(redis.client(), {
    ...{ id, userId: 'user001', workflow: '{}', priority: 3, createdAtMicros: Date.now() * 1000 },
  });

test('a composed console reads its workshop through the VPS, loses it with the cable, and finds it again', async () => {
  const { services } = console_;
  await tailscaleIn(join(vps.home, 'bin'), tailscaleStatus({ BackendState: 'NeedsLogin' }));
  await tailscaleIn(bin, tailscaleStatus({ BackendState: 'Stopped' }));
  await submit('job-1');
  await services.workshops.save({
    profile: {
      ...emptyProfile('one', 'Film workshop'),
      redis: { host: '127.0.0.1', port: redis.port, tls: false, through: 'vps' },
      vps: { host: '127.0.0.1', port: cable.port, user: vps.user, keyFile: vps.keyFile },
    },
    password: 'secret',
  });
  await services.workshops.turnTo({ id: 'one' });

  // The VPS was never seen: Redis waits until the person has compared the key.
  const question = await until('the key is asked about', () => {
    const link = vpsNow()?.link;
    return link?.kind === 'asking' && link.question;
  });
  expect(question).toMatchObject({ kind: 'host-key', fingerprint: vps.fingerprint });
  expect(screen.links.redis.kind).not.toBe('ready');
  await services.machines.answer({ id: 'vps', questionId: question.id, answer: [], keep: false });
  await redisIs('ready');
  await until('the waiting job is read', () => screen.counts?.pending === 1 && screen.jobs.get('job-1'));
  expect(says()).toContain('1 job');
  // Tailscale there is asked over the same link; this computer needs none for this way.
  await until('Tailscale on the VPS', () => vpsNow()?.tailnet?.state.kind === 'logged-out');
  expect(vpsNow()?.tailnet).toMatchObject({ needed: false });
  expect(screen.tailnet).toBeNull();

  cable.cut();
  await redisIs('lost');
  await until('the Stage blames the way', () => /through the VPS: The VPS .* cannot be reached/.test(says()));
  expect(says()).toMatch(/^Redis is lost since \d\d:\d\d\. The figures are from \d\d:\d\d\./);
  // What was known stays; what happens meanwhile is not made up.
  await submit('job-2');
  expect(screen.counts?.pending).toBe(1);
  expect(vpsNow()?.tailnet?.state.kind).toBe('logged-out');

  cable.mend();
  await redisIs('ready');
  await until('the job that came meanwhile', () => screen.counts?.pending === 2 && screen.jobs.get('job-2'));
  expect(says()).not.toMatch(/lost/);
});

test('a Redis of the tailnet is not reached: the Stage says what Tailscale on this computer lacks', async () => {
  await console_.close();
  await tailscaleIn(bin, tailscaleStatus({ BackendState: 'NeedsLogin' }));
  // The first run: there is no workshop yet, and the form tries one.
  await compose({});
  const first = { name: 'Film', host: '100.64.0.7', port: 6379, password: null, tls: false };
  void console_.services.settings.connect(first).catch(() => {});
  await until('what it lacks is known', () => screen.tailnet?.state.kind === 'logged-out');
  await console_.close();

  await tailscaleIn(bin, tailscaleStatus({ BackendState: 'Stopped' }));
  // Nobody answers there; whether that is found out soon or late is the network's affair.
  await compose({ WORKSHOP_CONSOLE_REDIS: 'redis://:secret@100.64.0.7:6379' });
  await until('Tailscale is blamed', () => /Tailscale is switched off on this computer/.test(says()));
  expect(says()).toContain(process.platform === 'linux' ? 'Press “Switch it on there”' : 'Open Tailscale');
  await tailscaleIn(bin, tailscaleStatus({}, { vps: { Online: false, LastSeen: '2026-11-24T11:48:00Z' } }));
  console_.wake();
  await until('the VPS is blamed', () => /says that vps-1 \(where Redis is\) is offline/.test(says()));
});

test('Tailscale on this computer is switched on by a press, where it is no app', async ({ skip }) => {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    skip('elsewhere it has a window, or sudo asks');
  await tailscaleIn(bin, tailscaleStatus({ BackendState: 'Stopped' }));
  console_.wake();
  await until('it is switched off', () => screen.tailnet?.state.kind === 'stopped');
  const { remedies } = console_.services;
  const at = { machineId: 'this-computer', remedy: 'join-tailnet', draftId: null, subject: null } as const;
  const { commands, title, able } = await remedies.plan(at);
  expect({ commands, title, able }).toEqual({
    ...{ commands: ['tailscale up --timeout=300s'], able: true },
    title: 'Connect this computer to the tailnet',
  });
  // `up` is heard, and puts the answer of one that runs in its own place.
  await tailscaleIn(join(dir, 'later'), tailscaleStatus());
  const program = `#!/bin/sh\n[ "$1" = up ] || exit 1\necho "$*" > ${dir}/heard\nmv ${dir}/later/tailscale ${bin}/tailscale\n`;
  await writeFile(join(bin, 'tailscale'), program);
  const result = await remedies.carryOut({ ...at, commands, sudoPassword: null });
  expect(result).toEqual({ kind: 'done', sentence: 'Tailscale is connected on this computer.' });
  expect(await readFile(join(dir, 'heard'), 'utf8')).toBe('up --timeout=300s\n');
  await until('it is seen to run', () => screen.tailnet?.state.kind === 'fine');
});
