import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import type { RemoteHost } from '../../../src-main/connections/hosts/remote-host.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { act, agentPid, type DeployRig, startDeployRig } from './deploy-rig.ts';

let rig: DeployRig;
beforeAll(async () => {
  rig = await startDeployRig();
});
afterAll(() => rig?.stop());

describe('what goes wrong on the way', () => {
  test('a wrong Redis password is named, and nothing is switched', async () => {
    const view = await act(rig.console({ configuration: { REDIS_PASSWORD: 'wrong' } }), 'deploy');
    expect(view.phase).toBe('failed');
    expect(view.error).toMatchObject({
      code: 'REDIS_AUTH',
      remedy: expect.stringContaining('REDIS_PASSWORD'),
    });
    expect(existsSync(join(rig.root, 'current'))).toBe(false);
    expect(JSON.stringify(view)).not.toContain('rig-password');
  });

  test('a Redis that listens on its loopback address only is named', async () => {
    const view = await act(rig.console({ configuration: { REDIS_HOST: '127.0.0.99' } }), 'deploy');
    expect(view.error).toMatchObject({
      code: 'REDIS_UNREACHABLE',
      remedy: expect.stringContaining('“Set it and restart Redis”'),
    });
    expect(view.error?.message).toContain('loopback');
  });

  test('a secret that the machine repeats is not shown', async () => {
    const host: RemoteHost = {
      ...createLocalHost(),
      script: async () => {
        throw new WorkshopError('HOST_FILE', 'sh: cannot use Marker-of-redis-7 there');
      },
    };
    const view = await act(
      rig.console({ host, configuration: { REDIS_PASSWORD: 'Marker-of-redis-7' } }),
      'deploy',
    );
    expect(view.error?.message).toBe('sh: cannot use [hidden] there');
    expect(JSON.stringify(view)).not.toContain('Marker');
  });

  test('a folder that cannot be written to is named', async () => {
    const blocker = join(rig.dir, 'blocker');
    writeFileSync(blocker, '');
    const keeper = rig.console({ root: join(blocker, 'agent') });
    const view = await act(keeper, 'deploy');
    expect(view.error).toMatchObject({
      code: 'HOST_FILE',
      message: expect.stringContaining('cannot be written to'),
    });
  });

  test('another console at work is named; one that is gone for two minutes is not waited for', async () => {
    mkdirSync(rig.root, { recursive: true });
    const lock = join(rig.root, 'deploy.lock');
    const now = Math.floor(Date.now() / 1000);
    symlinkSync(`other|${now}|anna@studio`, lock);
    const view = await act(rig.console(), 'deploy');
    expect(view.error).toMatchObject({ code: 'HOST_BUSY', message: expect.stringContaining('anna@studio') });
    expect(readlinkSync(lock)).toContain('anna@studio');
    execFileSync('ln', ['-sfn', `other|${now - 300}|anna@studio`, lock]);
    const later = await act(rig.console({ configuration: { REDIS_PASSWORD: 'wrong' } }), 'deploy');
    expect(later.error?.code).toBe('REDIS_AUTH');
    expect(existsSync(lock)).toBe(false);
  });

  test('two consoles that press at once: one works, the other is told who', async () => {
    const views = await Promise.all([
      act(rig.console({ by: 'anna@studio' }), 'deploy'),
      act(rig.console({ by: 'bert@laptop' }), 'deploy'),
    ]);
    const phases = views.map(({ phase }) => phase).sort();
    expect(phases).toEqual(['done', 'failed']);
    const told = views.find(({ phase }) => phase === 'failed')?.error;
    expect(told).toMatchObject({
      code: 'HOST_BUSY',
      message: expect.stringMatching(/(anna@studio|bert@laptop) is working/),
    });
    expect((await act(rig.console(), 'uninstall')).error).toBeNull();
  });

  test('a machine without Node gets the official one, if its checksum is right', async () => {
    const archive = `node-v24.21.0-linux-${process.arch}`;
    const folder = join(rig.dir, 'mirror');
    mkdirSync(join(folder, archive, 'bin'), { recursive: true });
    writeFileSync(join(folder, archive, 'bin/node'), `#!/bin/sh\nexec "${process.execPath}" "$@"\n`, {
      mode: 0o755,
    });
    execFileSync('tar', ['-czf', `${archive}.tar.gz`, archive], { cwd: folder });
    const sum = createHash('sha256')
      .update(readFileSync(join(folder, `${archive}.tar.gz`)))
      .digest('hex');
    const mirror = await serve(folder);
    try {
      const options = { nodeMirror: mirror.url, host: withoutNode() };
      writeFileSync(join(folder, 'SHASUMS256.txt'), `${'0'.repeat(64)}  ${archive}.tar.gz\n`);
      const refused = await act(rig.console(options), 'deploy');
      expect(refused.error).toMatchObject({ code: 'CHECKSUM' });
      expect(existsSync(join(rig.root, 'node'))).toBe(false);
      writeFileSync(join(folder, 'SHASUMS256.txt'), `${sum}  ${archive}.tar.gz\n`);
      const view = await act(rig.console(options), 'deploy');
      expect(view.error).toBeNull();
      expect(readlinkSync(join(rig.root, 'node'))).toContain(archive);
    } finally {
      mirror.close();
    }
  });

  // Before the machine has heard of it: machine-failures.test.ts and deploy-ssh.test.ts, over a real sshd.
  test('a link that breaks after a step was done and before we heard so: each press goes on', async () => {
    expect((await act(rig.console(), 'uninstall')).error).toBeNull();
    // What comes first only looks.
    let cuts = 3;
    for (; cuts < 60; cuts += 2) {
      const host = cutAfter(createLocalHost({ label: 'the bare host' }), cuts);
      // The same console after its own end: what it held there keeps nobody else, and not itself.
      const view = await act(rig.console({ host, console: 'cut-console' }), 'deploy');
      if (view.phase === 'done') break;
      expect(view.error).toMatchObject({ code: 'HOST_LINK_LOST', retryable: true });
    }
    expect(cuts).toBeGreaterThan(8);
    const after = await act(rig.console(), 'deploy');
    expect(after.result).toMatch(/^Nothing was to be done/);
    expect(agentPid(rig.root)).toBeDefined();
  });
});

/** A machine whose link breaks before the answer to the n-th thing asked of it, and stays broken. */
function cutAfter(host: RemoteHost, at: number): RemoteHost {
  let count = 0;
  const lost = () => new WorkshopError('HOST_LINK_LOST', 'The link to the bare host broke.');
  const guard =
    <Args extends unknown[], T>(run: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      const mine = count++;
      if (mine > at) throw lost();
      const result = await run(...args);
      if (mine === at) throw lost();
      return result;
    };
  const { files } = host;
  return {
    label: host.label,
    exec: guard(host.exec),
    script: guard(host.script),
    lines: guard(host.lines),
    files: {
      stat: guard(files.stat),
      read: guard(files.read),
      write: guard(files.write),
      upload: guard(files.upload),
      list: guard(files.list),
      mkdir: guard(files.mkdir),
      rename: guard(files.rename),
      remove: guard(files.remove),
    },
  };
}

/** The local machine as if it had no Node: a PATH of its own, and a look that finds none elsewhere. */
function withoutNode(): RemoteHost {
  const host = createLocalHost({ label: 'the bare host' });
  return {
    ...host,
    async script(text, args, options) {
      const result = await host.script(text, args, options);
      const stdout = result.stdout
        .split('\n')
        .filter((line) => !line.startsWith('node=') || line.includes(`${rig.root}/`))
        .join('\n');
      return { ...result, stdout };
    },
  };
}

async function serve(folder: string): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const path = join(folder, (request.url ?? '').split('/').at(-1) ?? '');
    if (!existsSync(path)) return void response.writeHead(404).end();
    createReadStream(path).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
