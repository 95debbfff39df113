import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withRedis } from '../../../worker-agent/src/agent/cli/connect-once.ts';
import { keys } from '../../../worker-agent/src/contract/keys.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { makeKey, type SshServer, startSshServer } from '../../support/ssh-server.ts';
import { until } from '../main/until.ts';
import { type AgentRig, slowImage, startAgentRig } from './agent-rig.ts';

/** A GPU host that reaches the VPS by SSH alone, as a pod without a tailnet; sshd, Redis and agent are real. */
let dir: string;
let ssh: SshServer;
let proxy: FaultProxy;
let rig: AgentRig;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'workshop-tunnel-'));
  ssh = await startSshServer();
  proxy = await startFaultProxy(ssh.port);
  rig = await startAgentRig({
    started: false,
    configuration: {
      ...{ REDIS_THROUGH: 'vps-ssh', VPS_SSH_HOST: '127.0.0.1', VPS_SSH_PORT: String(proxy.port) },
      ...{ VPS_SSH_USER: ssh.user, VPS_SSH_KEY_FILE: join(dir, 'key'), VPS_SSH_HOST_KEY: ssh.fingerprint },
    },
  });
  admit('key', rig.redis.port);
  admit('other', rig.redis.port + 1);
  await rig.agent.start();
});
afterAll(async () => {
  await rig?.stop();
  await proxy?.stop();
  await ssh?.close();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

/** Makes a key that sshd lets through to one port and lets do nothing else. */
function admit(name: string, port: number): void {
  makeKey(join(dir, name));
  const line = `restrict,port-forwarding,permitopen="127.0.0.1:${port}",command="internal-sftp"`;
  writeFileSync(join(dir, `${name}.line`), `${line} ${readFileSync(join(dir, `${name}.pub`), 'utf8')}`);
  ssh.authorize(join(dir, `${name}.line`));
}

const running = (id: string) => until('the prompt', () => (rig.submissions(id) > 0 ? true : undefined));

test('jobs come, run and end through the SSH of the VPS, and new ones are heard of at once', async () => {
  await rig.workersAre('idle');
  const id = await rig.submit(slowImage(1));
  await rig.reached(id, 'completed');
  expect(rig.submissions(id)).toBe(1);
  // Not one connection of the agent goes past the tunnel: cut, nothing of it is left.
  const names = async () =>
    String(await rig.client.client('LIST'))
      .trim()
      .split('\n').length;
  const before = await names();
  proxy.cut();
  await until('the agent is away', async () => (await names()) < before);
  expect(await names()).toBe(1);
  proxy.mend();
  await rig.workersAre('idle');
});

test.each(['cut', 'freeze'] as const)(
  'a %s in the middle of a job ends it once, and the next one comes',
  async (how) => {
    const id = await rig.submit(slowImage(2));
    await running(id);
    proxy[how]();
    await until('the end at ComfyUI', async () => {
      const [comfy] = rig.comfy;
      const history = await (await fetch(`${comfy?.url}/history/${id}`)).text();
      return history.includes(id);
    });
    expect((await rig.job(id)).status).toBe('running');
    proxy.mend();
    await rig.reached(id, 'completed');
    expect(rig.submissions(id)).toBe(1);
    const next = await rig.submit(slowImage(0));
    await rig.reached(next, 'completed');
    expect(await rig.client.zcard(keys.running)).toBe(0);
  },
);

test('a key that may not go to Redis is told from a Redis that is not there', async () => {
  const through = {
    ...{ host: '127.0.0.1', port: ssh.port, user: ssh.user, hostKeys: [ssh.fingerprint] },
    keyFile: join(dir, 'other'),
  };
  const redis = { host: '127.0.0.1', port: rig.redis.port, password: null, tls: false, through };
  const ask = (port: number) => withRedis({ ...redis, port }, (client) => client.ping());
  await expect(ask(rig.redis.port)).rejects.toThrow('does not let this key through to Redis');
  await expect(ask(rig.redis.port + 1)).rejects.toThrow('nothing accepts connections there');
});
