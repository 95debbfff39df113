import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostLink } from '../../../src-main/connections/hosts/host-link.ts';
import { createHostLinks, type HostLinksOptions } from '../../../src-main/connections/hosts/host-links.ts';
import type { HostLinkState, HostTarget } from '../../../src-main/domain/hosts/host-link.ts';
import type { SshServer } from '../../support/ssh-server.ts';
import { until } from '../main/until.ts';

/** A person's home folder with SSH files of its own, and links that use it. */
export interface HostsRig {
  readonly home: string;
  /** What stands in ~/.ssh/config. */
  config(text: string): void;
  knownHosts(): string;
  /** What all users of this computer know; nothing unless a test says so. */
  systemKnownHosts: string;
  open(target: Partial<HostTarget>): HostLink;
  wake(): void;
  close(): void;
}

/** What was cut is dialled again soon; silence is given time, as other tests may have this machine at work. */
const USUAL = {
  dialMs: 10_000,
  pingEveryMs: 100,
  wakeProbeMs: 300,
  retryFastMs: 20,
  retryFirstMs: 50,
  retryMaxMs: 200,
};
/** Times that let a test see in a second how a link that fell silent is given up, which takes a person a minute. */
export const HURRIED = { ...USUAL, dialMs: 2000, degradedAfterMs: 400, lostAfterMs: 900 };

export function createHostsRig(times: HostLinksOptions['times'] = USUAL, agent?: string): HostsRig {
  const home = mkdtempSync(join(tmpdir(), 'workshop-hosts-'));
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const systemKnownHosts = join(home, 'ssh_known_hosts');
  const links = createHostLinks({
    where: {
      ...{ home, env: agent ? { SSH_AUTH_SOCK: agent } : {}, systemConfig: '/dev/null' },
      systemKnownHosts: [systemKnownHosts],
    },
    times,
  });
  const opened: HostLink[] = [];
  return {
    home,
    systemKnownHosts,
    config: (text) => writeFileSync(join(home, '.ssh', 'config'), text),
    knownHosts: () => {
      try {
        return readFileSync(join(home, '.ssh', 'known_hosts'), 'utf8');
      } catch {
        return '';
      }
    },
    open(target) {
      const link = links.open({ id: 'vps', name: 'the VPS', host: '127.0.0.1', ...target });
      opened.push(link);
      return link;
    },
    wake: links.wake,
    close() {
      links.close();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Waits for a state; fails with the one it is in. */
export function stateOf<Kind extends HostLinkState['kind']>(
  link: HostLink,
  kind: Kind,
  more: (state: Extract<HostLinkState, { kind: Kind }>) => boolean = () => true,
): Promise<Extract<HostLinkState, { kind: Kind }>> {
  const isIt = (state: HostLinkState): state is Extract<HostLinkState, { kind: Kind }> => state.kind === kind;
  return until(`the link is ${kind}`, () =>
    isIt(link.state) && more(link.state) ? link.state : undefined,
  ).catch((cause: unknown) => {
    throw new Error(`${cause}; it is ${JSON.stringify(link.state)}`);
  });
}

/** Answers the question whether this is the right machine, after comparing the fingerprint. */
export async function confirmKey(link: HostLink, server: Pick<SshServer, 'fingerprint'>): Promise<void> {
  const { question } = await stateOf(link, 'asking');
  if (question.kind !== 'host-key' || question.fingerprint !== server.fingerprint)
    throw new Error(`another question: ${JSON.stringify(question)}`);
  await link.answer(question.id, []);
}

/** A link that is ready, to a machine that was never seen before. */
export async function readyLink(rig: HostsRig, server: SshServer, port = server.port): Promise<HostLink> {
  const link = rig.open({ port, user: server.user, keyFile: server.keyFile });
  await confirmKey(link, server);
  await stateOf(link, 'ready');
  return link;
}
