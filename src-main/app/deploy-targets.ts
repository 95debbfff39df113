import { hostname, userInfo } from 'node:os';
import { createLocalHost } from '../connections/hosts/local-host.ts';
import type { RemoteHost } from '../connections/hosts/remote-host.ts';
import { rootFor } from '../domain/deploy/layout.ts';
import type { MachineLogin, WorkshopProfile } from '../domain/workshops/profile.ts';
import type { DeployTarget, DeployTargets } from '../services/deploy/roles.ts';
import type { WorkshopSettings } from '../services/settings.ts';

/** The list of machines is read again so often while somebody looks, ms. */
const REFRESH_MS = 2000;

export interface DeployTargetNeeds {
  /** Nothing is to be deployed to now, whatever machines there are. */
  none(): boolean;
  /** The workshop that is current. */
  profile(): Promise<WorkshopProfile | null>;
  /** @throws WorkshopError when the GPU host cannot be reached. */
  open(hostId: string): Promise<RemoteHost>;
  /** @throws WorkshopError when the VPS cannot be reached. */
  openVps(): Promise<RemoteHost>;
  /** How this console reaches Redis. */
  redis(): WorkshopSettings | undefined;
}

/** The workshop's GPU hosts; where it has none yet, this computer. */
export function deployTargets({ none, profile, open, openVps, redis }: DeployTargetNeeds): DeployTargets {
  let targets: readonly DeployTarget[] = [thisComputer()];
  const refresh = async () => {
    if (none()) {
      targets = [];
      return;
    }
    const hosts = (await profile())?.gpuHosts ?? [];
    targets =
      hosts.length === 0
        ? [thisComputer()]
        : hosts.map(({ id, name, login, provider }) => ({
            ...{ id, name, hostId: id, where: whereOf(login), root: rootFor(provider) },
          }));
  };
  return {
    list: () => targets,
    refresh,
    onChange(listener) {
      let before = '';
      const look = async () => {
        await refresh().catch(() => {});
        const now = JSON.stringify(targets);
        if (now !== before) listener();
        before = now;
      };
      void look();
      const timer = setInterval(() => void look(), REFRESH_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
    open: async (targetId) => (targetId === THIS_COMPUTER ? createLocalHost() : open(targetId)),
    async vps() {
      const login = (await profile())?.vps?.host;
      return login === undefined ? null : { login, open: openVps };
    },
    async configuration() {
      const settings = redis();
      if (!settings) return {};
      return {
        REDIS_HOST: settings.host,
        REDIS_PORT: String(settings.port),
        REDIS_TLS: String(settings.tls),
        ...(settings.password !== null && { REDIS_PASSWORD: settings.password }),
      };
    },
  };
}

export const THIS_COMPUTER = 'this-computer';

/** As an agent is deployed to it where the workshop names no GPU host. */
export function thisComputer(): DeployTarget {
  const name = hostname();
  return {
    id: THIS_COMPUTER,
    name: 'This computer',
    where: `${userInfo().username}@${name}`,
    // "This computer" is another one for those who are told.
    toldAs: `the computer ${name}`,
    hostId: name.replaceAll(/[^a-zA-Z0-9_.-]/g, '-').slice(0, 64) || THIS_COMPUTER,
  };
}

function whereOf(login: MachineLogin | null): string {
  if (login === null) return 'this computer';
  return `${login.user === null ? '' : `${login.user}@`}${login.host}${login.port === null ? '' : `:${login.port}`}`;
}
