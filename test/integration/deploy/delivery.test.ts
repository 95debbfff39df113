import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { submitAsQueueManager } from '../../../resources/demo/platform-job.ts';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { keyLine } from '../../../src-main/domain/deploy/agent-key.ts';
import { MAKE_KEY, SET_KEY_LINE } from '../../../src-main/services/deploy/delivery-scripts.ts';
import type { Vps } from '../../../src-main/services/deploy/roles.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { slowImage } from '../agent/agent-rig.ts';
import { createHostsRig, type HostsRig, readyLink } from '../hosts/hosts-rig.ts';
import { act, type DeployRig, eventually, HOST_ID, picture, startDeployRig } from './deploy-rig.ts';

const execute = promisify(execFile);
const MARKER = `worker-agent@${HOST_ID}`;
const KEY = `ssh-ed25519 AAAA${'b'.repeat(64)}`;

describe('the line in authorized_keys', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'workshop-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const file = () => join(home, '.ssh/authorized_keys');
  const set = async (line: string, marker = MARKER) => {
    const host = createLocalHost({ env: { HOME: home, PATH: process.env.PATH } });
    const { code, stderr } = await host.script(SET_KEY_LINE, [marker, line, '']);
    expect([code, stderr]).toEqual([0, '']);
  };
  const line = keyLine(KEY, HOST_ID, null);

  test('is added where there was no file, for its owner’s eyes only', async () => {
    await set(line);
    expect(readFileSync(file(), 'utf8')).toBe(`${line}\n`);
    expect([statSync(dirname(file())).mode & 0o777, statSync(file()).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  test('leaves the lines, the mode and the link of others alone, and replaces an older one of its own', async () => {
    const others = `# mine\n\nssh-ed25519 AAAAother anna@laptop\n${keyLine(KEY, `${HOST_ID}-2`, null)}`;
    const real = join(home, 'elsewhere');
    mkdirSync(join(home, '.ssh'));
    writeFileSync(
      real,
      `${keyLine(`ssh-ed25519 AAAA${'c'.repeat(64)}`, HOST_ID, '127.0.0.1:6379')}\n${others}`,
    );
    chmodSync(real, 0o640);
    symlinkSync('../elsewhere', file());
    await set(line);
    expect(readFileSync(real, 'utf8')).toBe(`${others}\n${line}\n`);
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    const { ino } = statSync(real);
    await set(line);
    expect(statSync(real).ino).toBe(ino);
    await set('');
    expect(readFileSync(real, 'utf8')).toBe(`${others}\n`);
    expect(readdirSync(home).sort()).toEqual(['.ssh', 'elsewhere']);
  });

  test('of many machines deployed at once is lost for none', async () => {
    const hosts = Array.from({ length: 12 }, (_, at) => `h${at}`);
    await Promise.all(hosts.map((host) => set(keyLine(KEY, host, null), `worker-agent@${host}`)));
    const lines = readFileSync(file(), 'utf8').trim().split('\n');
    expect(lines.sort()).toEqual(hosts.map((host) => keyLine(KEY, host, null)).sort());
  });

  test('taking it out of nothing makes nothing', async () => {
    await set('');
    expect(readdirSync(home)).toEqual([]);
  });
});

/** In order: each test goes on from what the one before left. */
describe('from the GPU host to the participants’ folder on the VPS', () => {
  let rig: DeployRig;
  let laptop: HostsRig;
  let server: SshServer;
  let link: HostLink;
  let vps: Vps;
  /** Read by the sshd of the VPS. */
  let authorized: string;
  let outputs: string;
  beforeAll(async () => {
    rig = await startDeployRig();
    server = await startSshServer({ ownHome: true });
    laptop = createHostsRig();
    link = await readyLink(laptop, server);
    vps = { login: '127.0.0.1', open: async () => link.host };
    authorized = join(dirname(server.home), 'authorized_keys');
    mkdirSync(join(server.home, '.ssh'), { mode: 0o700 });
    symlinkSync(authorized, join(server.home, '.ssh/authorized_keys'));
    outputs = join(server.home, 'outputs');
    mkdirSync(outputs);
    mkdirSync(rig.root, { recursive: true });
    writeFileSync(join(rig.root, 'workshop.env'), `VPS_OUTPUTS_PATH=${outputs}\n`);
  });
  afterAll(async () => {
    await rig?.stop();
    laptop?.close();
    await server?.close();
  });

  const away: Vps = {
    login: '127.0.0.1',
    open: async () => {
      throw new WorkshopError('HOST_LINK_LOST', 'The VPS (dev@vps) does not answer.', {
        remedy: 'Check that it runs.',
      });
    },
  };
  const agentEnv = () => readFileSync(join(rig.root, 'agent.env'), 'utf8');
  const ours = () =>
    readFileSync(authorized, 'utf8')
      .split('\n')
      .filter((one) => one.endsWith(MARKER));
  const runJob = async (id: string) => {
    const client = rig.redis.client();
    const job = { id, userId: 'user001', workflow: slowImage(1), priority: 2 as const };
    await submitAsQueueManager(client, { ...job, createdAtMicros: Date.now() * 1000 });
    await eventually('the end of the job', async () =>
      JSON.parse((await client.get(keys.job(id))) ?? '{}').status === 'completed' ? true : undefined,
    );
  };

  test('one press makes the key, lets it in for files alone, and a job’s files arrive', async () => {
    const theirs = readFileSync(authorized, 'utf8');
    const view = await act(rig.console({ vps }), 'deploy');
    expect(view.error).toBeNull();
    expect(view.result).toContain(`Finished files go to ${outputs} on the VPS.`);
    expect(readFileSync(authorized, 'utf8').startsWith(theirs)).toBe(true);
    expect(ours()).toEqual([expect.stringMatching(/^restrict,command="internal-sftp" ssh-ed25519 AAAA/)]);
    expect(statSync(join(rig.root, 'keys/vps')).mode & 0o777).toBe(0o600);
    expect(agentEnv()).toContain(`VPS_SSH_PORT=${server.port}`);
    expect(agentEnv()).toContain(server.fingerprint);
    await runJob('job-delivered');
    expect(readdirSync(join(outputs, 'user001/job-delivered'))).toHaveLength(1);
    expect(existsSync(join(rig.root, 'state/outputs/user001'))).toBe(false);
    expect(rig.watch.now.hosts[HOST_ID]?.status?.files).toEqual({ on: 'vps', path: outputs });
  });

  test('the key opens nothing but files: no command runs and no port is forwarded', async () => {
    const login = [
      ...['-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=no'],
      ...['-o', 'UserKnownHostsFile=/dev/null', '-o', 'IdentitiesOnly=yes', '-i', join(rig.root, 'keys/vps')],
      ...['-p', String(server.port), `${server.user}@127.0.0.1`],
    ];
    const said = await execute('ssh', [...login, 'id; touch pwned'], { timeout: 20_000 }).then(
      ({ stdout }) => stdout,
      (cause) => String(cause.stdout),
    );
    expect(said).not.toContain('uid=');
    expect(existsSync(join(server.home, 'pwned'))).toBe(false);
    const forward = execute('ssh', ['-W', `127.0.0.1:${rig.redis.port}`, ...login], { timeout: 20_000 });
    await expect(forward).rejects.toThrow(/administratively prohibited|forwarding failed/);
  });

  test('pressing again changes nothing, on neither machine', async () => {
    const before = [picture(rig.root), readFileSync(authorized, 'utf8')];
    const view = await act(rig.console({ vps }), 'deploy');
    expect(view.result).toMatch(/^Nothing was to be done/);
    expect([picture(rig.root), readFileSync(authorized, 'utf8')]).toEqual(before);
  });

  test('an upgrade while the VPS is away from this console keeps the way', async () => {
    const view = await act(rig.console({ vps: away, bundle: rig.bundle('two') }), 'deploy');
    expect(view.error).toBeNull();
    expect(view.steps.find(({ id }) => id === 'delivery')).toMatchObject({
      state: 'done',
      why: expect.stringContaining('keeps the way that it has'),
    });
    expect(agentEnv()).toContain('VPS_SSH_HOST=127.0.0.1');
    await runJob('job-after-upgrade');
    expect(existsSync(join(outputs, 'user001/job-after-upgrade'))).toBe(true);
  });

  test('left out, no key of it is in the configuration, and where files stay is said', async () => {
    const bundle = rig.bundle('two');
    const view = await act(rig.console({ vps, bundle }), 'deploy', { skip: ['delivery'] });
    expect(view.error).toBeNull();
    expect(agentEnv()).not.toContain('VPS_');
    expect(view.result).toContain(`Finished files stay on this machine: ${rig.root}/state/outputs.`);
    expect(view.findings.find(({ label }) => label === 'Finished files')).toMatchObject({ tone: 'warn' });
  });

  test('a folder that is gone, and a VPS that is away, stop the plan with a way on', async () => {
    const blocked = async (other: Vps) => {
      const view = await act(rig.console({ vps: other, bundle: rig.bundle('two') }), 'deploy');
      expect(view.phase).toBe('failed');
      expect(view.error?.remedy).toContain('Or leave this out');
      return view.error?.message;
    };
    expect(await blocked(away)).toContain('The VPS (dev@vps) does not answer');
    rmSync(join(server.home, 'outputs'), { recursive: true });
    expect(await blocked(vps)).toContain(`${outputs} is not there on the VPS`);
    mkdirSync(outputs);
  });

  test('the line goes to where sshd says that it reads keys, and none is left where it does not', async () => {
    rmSync(join(server.home, '.ssh/authorized_keys'));
    writeFileSync(join(server.home, '.ssh/authorized_keys'), readFileSync(authorized));
    writeFileSync(authorized, readFileSync(authorized, 'utf8').replace(/^restrict.*\n/m, ''));
    const view = await act(rig.console({ vps, bundle: rig.bundle('two') }), 'deploy');
    expect(view.error).toBeNull();
    expect(ours()).toHaveLength(1);
    expect(readFileSync(join(server.home, '.ssh/authorized_keys'), 'utf8')).not.toContain(MARKER);
    expect(readFileSync(join(server.home, '.ssh/authorized_keys'), 'utf8')).toContain('ssh-ed25519');
    const again = await act(rig.console({ vps, bundle: rig.bundle('two') }), 'deploy');
    expect(again.result).toMatch(/^Nothing was to be done/);
  });

  test('an uninstall takes key and line; while the VPS is away it says what stays, and mends it later', async () => {
    const view = await act(rig.console({ vps: away }), 'uninstall');
    expect(view.error).toBeNull();
    expect(view.result).toContain(`the line of ${MARKER} stays in its authorized_keys`);
    expect(readdirSync(rig.root)).toEqual(['state']);
    expect(ours()).toHaveLength(1);
    const later = await act(rig.console({ vps }), 'uninstall');
    expect(later.error).toBeNull();
    expect(ours()).toEqual([]);
    expect(readFileSync(authorized, 'utf8')).toContain('ssh-ed25519');
    expect((await act(rig.console({ vps }), 'uninstall')).result).toMatch(/^There was nothing to remove/);
  });
});

test('a machine without ssh-keygen is named by its exit code', async () => {
  const home = mkdtempSync(join(tmpdir(), 'workshop-home-'));
  const host = createLocalHost({ env: { HOME: home, PATH: join(home, 'nothing') } });
  const { code } = await host.exec(['/bin/sh', '-s', '--', home, MARKER], { stdin: MAKE_KEY });
  expect(code).toBe(11);
  rmSync(home, { recursive: true });
});
