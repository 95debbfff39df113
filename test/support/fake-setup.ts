import type { RemoteHost } from '../../src-main/connections/hosts/remote-host.ts';
import { DEFAULT_ROOT } from '../../src-main/domain/deploy/layout.ts';
import type { WorkshopProfile, WorkshopsView } from '../../src-main/domain/workshops/profile.ts';
import { createEnvImport } from '../../src-main/services/env-import/env-import.ts';
import { createWorkshopsService } from '../../src-main/services/workshops.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/** The product's own services for the setup, over machines and a store that a test decides on. */
export interface FakeSetup {
  machines: { vps: RemoteHost | null; gpuHosts: Record<string, RemoteHost>; local: RemoteHost | null };
  view: WorkshopsView;
  /** Links that the console was turned to or connected to, passwords left out. */
  used: string[];
}

export function fakeSetup(): FakeSetup & {
  envImport: ReturnType<typeof createEnvImport>;
  workshops: ReturnType<typeof createWorkshopsService>;
} {
  const state: FakeSetup = {
    machines: { vps: null, gpuHosts: {}, local: null },
    view: {
      currentId: null,
      workshops: [],
      secrets: {
        keychain: false,
        inFile: false,
        file: '/home/anna/.config/workshop-console/passwords-in-clear.json',
      },
    },
    used: [],
  };
  const need = (host: RemoteHost | null | undefined, what: string): RemoteHost => {
    if (host) return host;
    throw new WorkshopError('WRONG_STATE', `No login to ${what} is set up yet.`, {
      remedy: 'Enter it in Setup.',
    });
  };
  const { machines } = state;
  const envImport = createEnvImport({
    get local() {
      return need(machines.local, 'this computer');
    },
    vps: async () => need(machines.vps, 'the VPS'),
    agentRoot: async () => DEFAULT_ROOT,
    gpuHost: async (id) => need(machines.gpuHosts[id], 'the GPU host'),
  });
  const set = (change: Partial<WorkshopsView>) => Object.assign(state.view, change);
  const workshops = createWorkshopsService({
    store: {
      view: async () => structuredClone(state.view),
      put: async (profile: WorkshopProfile, password) => {
        const kept = password === undefined ? 'asked' : password === null ? 'none' : 'kept';
        const others = state.view.workshops.filter((one) => one.profile.id !== profile.id);
        set({ workshops: [...others, { profile, password: kept }] });
      },
      turnTo: async (id, password) => {
        const one = state.view.workshops.find(({ profile }) => profile.id === id);
        if (one?.profile.redis && one.password === 'asked' && password === undefined)
          return { settings: null, asks: true };
        set({ currentId: id });
        const redis = one?.profile.redis;
        return { settings: redis ? { name: one.profile.name, ...redis, password: null } : null, asks: false };
      },
      remove: async (id) => {
        const wasCurrent = state.view.currentId === id;
        set({
          workshops: state.view.workshops.filter(({ profile }) => profile.id !== id),
          currentId: wasCurrent ? null : state.view.currentId,
        });
        return { wasCurrent };
      },
      keepInFile: async (inFile) => void set({ secrets: { ...state.view.secrets, inFile } }),
    },
    use: (settings) => void state.used.push(settings ? `${settings.name} ${settings.host}` : 'none'),
    connect: async ({ name, host }) => void state.used.push(`${name} ${host}`),
    linkOf: envImport.link,
  });
  return Object.assign(state, { envImport, workshops });
}
