import type { RoomDoor } from '../../../src-main/api/roles/room.ts';
import type { Services } from '../../../src-main/api/roles.ts';
import { catalogue } from '../../../src-main/app/catalogue.ts';
import { createLocalHost } from '../../../src-main/connections/hosts/local-host.ts';
import { recapOf } from '../../../src-main/domain/history/recap.ts';
import { createLiveModel } from '../../../src-main/domain/live-model.ts';
import { freshRoom } from '../../../src-main/domain/room/room-state.ts';
import { roomViewOf } from '../../../src-main/domain/room/room-view.ts';
import { createJobViews } from '../../../src-main/services/job-views.ts';
import { createMachinesService } from '../../../src-main/services/machines.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { FakeDeploy } from '../../support/fake-deploy.ts';
import { fakeSetup } from '../../support/fake-setup.ts';
import { scriptedMachines } from '../../support/scripted-machines.ts';

/** A shell that shows the room view nowhere. */
export const noRoomDoor: RoomDoor = {
  open: async () => ({ kind: 'link', url: 'http://127.0.0.1:1/room' }),
  where: () => ({ screens: [], link: null }),
};

/** Services behind the router that need no workshop; they count who watches. */
export function fakeServices(): { services: Services; watching: () => number } {
  let watching = 0;
  const receipt = {
    hostId: 'h',
    revision: 1,
    before: { workers: 0, drained: [] },
    wanted: { workers: 0, drained: [] },
  };
  const { envImport, workshops } = fakeSetup();
  const services: Services = {
    envImport,
    workshops,
    machines: createMachinesService({
      open: scriptedMachines().open,
      local: createLocalHost(),
      secrets: { available: false, get: async () => undefined, set: async () => {}, remove: async () => {} },
      publish: () => {},
    }),
    demo: { view: async () => ({ state: 'absent' }), start: async () => {}, leave: async () => {} },
    remedies: {
      plan: async ({ remedy }) => ({
        ...{ remedy, title: '', hits: [], commands: [], asRoot: false, wantsPassword: false, able: true },
      }),
      carryOut: async () => ({ kind: 'done', sentence: '' }),
    },
    logs: { machines: async () => [], sources: async () => [], async *follow() {} },
    watch: {
      async *watch(signal) {
        watching += 1;
        try {
          for (let seq = 0; !signal.aborted; seq += 1) {
            yield { seq, changes: [] };
            await new Promise((wake) => setTimeout(wake, 10));
          }
        } finally {
          watching -= 1;
        }
      },
    },
    fleet: {
      setCount: async () => receipt,
      drain: async () => receipt,
      resume: async () => receipt,
      restartWorker: async () => ({ message: 'done' }),
      freeVram: async () => ({ message: 'done' }),
      holdQueue: async () => ({ revision: 1 }),
      setMode: async () => ({ revision: 1 }),
    },
    jobViews: createJobViews({
      store: { load: async () => ({ views: [], fault: null }), save: async () => {} },
    }),
    jobs: {
      async cancel({ jobId }) {
        if (jobId === 'gone') throw new WorkshopError('NOT_FOUND', 'It is gone.', { remedy: 'look again' });
        return { was: 'pending' };
      },
      prioritise: async () => {},
      requeue: async () => {},
      bulk: async ({ jobIds }) => ({ done: jobIds, refused: 0, why: [] }),
      find: async () => ({ kind: 'gone' }),
      detail: async () => {
        throw new WorkshopError('NOT_FOUND', 'It is gone.');
      },
      prompts: async () => [],
      preview: async () => ({ kind: 'missing', late: 0 }),
      filePart: async () => ({ kind: 'missing', late: 0 }),
    },
    people: {
      hold: async () => ({ revision: 1 }),
      nextTurn: async () => ({ revision: 1 }),
      cap: async () => ({ revision: 1 }),
      lineCap: async () => ({ revision: 1 }),
      cancelWaiting: async () => ({ done: [], refused: 0, why: [] }),
    },
    deploy: new FakeDeploy(),
    settings: {
      connect: async () => {},
      disconnect: async () => {},
      reconnectNow: async () => {},
      enterPassword: async () => {},
    },
    alerts: {
      rules: async () => [],
      setRule: async () => {},
      setChannels: async () => {},
      snooze: async () => {},
      quiet: async () => {},
      history: async () => [],
      ask: () => {},
      onRing: () => () => {},
    },
    capacity: {
      catalogue: () => catalogue,
      setPlan: async () => {},
      setGuard: async () => {},
      setRental: async () => {},
      applyAgain: async () => {},
    },
    network: { changed: async () => {} },
    consoleName: { rename: async () => {} },
    history: {
      state: () => ({ savedUntil: null, keeps: 'all', fault: null }),
      days: async () => [],
      recap: async ({ day }) =>
        recapOf(day, [], {
          nameOf: (id) => id,
          rentals: [],
          running: [],
          hostOf: () => null,
          now: Date.now(),
        }),
      table: async () => ({ fileName: 'none.csv', text: '' }),
    },
    room: {
      async *view(signal) {
        watching += 1;
        try {
          for (let made = 0; !signal.aborted; made += 1) {
            yield { ...roomViewOf(createLiveModel().now, freshRoom(), Date.now()), makingCount: made };
            await new Promise((wake) => setTimeout(wake, 10));
          }
        } finally {
          watching -= 1;
        }
      },
      setMessage: async () => {},
      setBreak: async () => {},
      setFrozen: async () => {},
      setBlank: async () => {},
      setLight: async () => {},
      setUrl: async () => {},
      setJoin: async () => {},
      setNickname: async () => {},
      setNicknames: async () => ({ set: 1, problems: [] }),
      nicknameTable: async () => ({ fileName: 'nicknames.csv', text: '' }),
      applyAgain: async () => {},
      display: () => null,
      rememberDisplay: () => {},
    },
  };
  return { services, watching: () => watching };
}
