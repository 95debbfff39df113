import { toWorkshopError } from '../../worker-agent/src/contract/errors.ts';
import type { ExecResult, RemoteHost } from '../connections/hosts/remote-host.ts';
import { type MachineView, VPS } from '../domain/hosts/machine-view.ts';
import { type OwnTailnet, readTailnet, type TailnetPeer, type TailnetView } from '../domain/hosts/tailnet.ts';
import {
  loginsOverTailnet,
  otherWayToRedis,
  peersOfGpuHost,
  peersOfThisComputer,
  redisOverTailnet,
  type WorkshopWays,
} from '../domain/hosts/workshop-ways.ts';
import type { WorkshopSnapshot } from '../domain/workshop.ts';

export interface TailnetsNeeds {
  /** A machine whose link stands. @throws WorkshopError. */
  host(id: string): Promise<RemoteHost>;
  /** The computer that the console runs on. */
  local: RemoteHost;
  platform: NodeJS.Platform;
  ways(): WorkshopWays;
  now(): Pick<WorkshopSnapshot, 'links' | 'hosts'>;
  publish(machines: MachineView[]): void;
  publishOwn(tailnet: OwnTailnet | null): void;
  times?: Partial<TailnetTimes>;
}

interface TailnetTimes {
  /** Between two looks at who is to be asked, ms. Default 1000. */
  everyMs: number;
  /** Between two questions while all is well, and while Redis is not reached, ms. Defaults 60 000 and 15 000. */
  calmMs: number;
  urgentMs: number;
  /** How long an answer may take, ms. Default 8000. */
  answerMs: number;
  /** How long something must work without Tailscale until that counts as its way, ms. Default 15 000. */
  provenMs: number;
}

export interface Tailnets {
  /** Takes the machines as they stand; passes them on with what Tailscale says there. */
  machines(views: MachineView[]): void;
  /** Asks everybody anew, e.g. after sleep or a change of network. */
  wake(): void;
  /** Idempotent. */
  close(): void;
}

const DEFAULT_TIMES: TailnetTimes = {
  everyMs: 1000,
  calmMs: 60_000,
  urgentMs: 15_000,
  answerMs: 8000,
  provenMs: 15_000,
};
/** An agent that is silent for so long no longer proves that its machine reaches Redis, ms. */
const SILENT_MS = 20_000;
/** A large tailnet's answer, characters. */
const MAX_ANSWER = 8 * 1024 * 1024;
const OWN = Symbol('this computer');
type Who = string | typeof OWN;

const ASK = ['status', '--json'];
/** Apps that are started from a desktop do not have the person's PATH. */
const PROGRAMS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    'tailscale',
    '/Applications/Tailscale.app/Contents/MacOS/Tailscale',
    '/usr/local/bin/tailscale',
    '/opt/homebrew/bin/tailscale',
  ],
  win32: ['tailscale.exe', 'C:\\Program Files\\Tailscale\\tailscale.exe'],
};

interface Reading {
  /** Which machine and what way to it the answer is about. */
  about: string;
  said: TailnetView | null;
  addresses: string[];
  dueAt: number;
  /** What it is for was seen to work although Tailscale is not there. */
  without: boolean;
  /** While it is being asked. */
  stop: AbortController | null;
}

/**
 * Asks Tailscale on every machine of the workshop how it stands, one question at a time on each: over SSH where a link
 * stands, and on this computer while something is reached over the tailnet. A machine that is out of reach keeps its
 * last answer, with its age.
 */
export function createTailnets(needs: TailnetsNeeds): Tailnets {
  const { host, local, platform, ways, now, publish, publishOwn } = needs;
  const times = { ...DEFAULT_TIMES, ...needs.times };
  const readings = new Map<Who, Reading>();
  let views: MachineView[] = [];
  let told = '';
  let toldOwn = 'null';
  let reached = true;

  const peersOf = ({ role }: MachineView) =>
    role === 'vps' ? [] : peersOfGpuHost(ways(), readings.get(VPS)?.addresses ?? []);
  const reachesRedis = () => stands(now().links.redis);
  /** Whether something is reached at tailnet addresses without Tailscale, e.g. over a router that is in the tailnet. */
  const goesWithout = (reading: Reading, works: () => boolean) => {
    const { said } = reading;
    if (said?.state.kind !== 'not-installed' && said?.state.kind !== 'daemon-not-running') {
      reading.without = false;
      return false;
    }
    const now = works();
    // A link may seem to stand for some seconds after what carried it is gone.
    reading.without ||= now && Date.now() - said.since > times.provenMs;
    return now || reading.without;
  };
  const isNeeded = (view: MachineView, reading: Reading): boolean => {
    if (view.role === 'vps') {
      const login = loginsOverTailnet(ways()).some(({ id }) => id === view.id);
      const redis = redisOverTailnet(ways());
      if (!login && redis === null) return false;
      const direct = redis !== null && ways().redis?.through === 'direct';
      return !goesWithout(reading, () => login || (direct && reachesRedis()));
    }
    if (peersOf(view).length === 0) return false;
    const agent = now().hosts[view.id];
    return !goesWithout(reading, () => agent?.heardAt != null && Date.now() - agent.heardAt <= SILENT_MS);
  };
  const isNeededHere = (reading: Reading): boolean =>
    !goesWithout(reading, () => {
      const direct = redisOverTailnet(ways()) !== null && ways().redis?.through === 'direct';
      const linked = (id: string) => views.some((view) => view.id === id && stands(view.link));
      return (!direct || reachesRedis()) && loginsOverTailnet(ways()).every(({ id }) => linked(id));
    });
  const tell = () => {
    const shown = views.map((view) => {
      const reading = readings.get(view.id);
      if (!reading?.said) return { ...view, tailnet: null };
      return { ...view, tailnet: { ...reading.said, needed: isNeeded(view, reading) } };
    });
    const text = JSON.stringify(shown);
    if (text !== told) {
      told = text;
      publish(shown);
    }
    const own = ownView();
    const ownText = JSON.stringify(own);
    if (ownText === toldOwn) return;
    toldOwn = ownText;
    publishOwn(own);
  };
  const ownView = (): OwnTailnet | null => {
    const reading = readings.get(OWN);
    if (!reading?.said) return null;
    const app = platform === 'darwin' || platform === 'win32';
    return { ...reading.said, needed: isNeededHere(reading), app, instead: otherWayToRedis(ways()) };
  };

  const ask = async (who: Who, peers: readonly TailnetPeer[], reading: Reading): Promise<void> => {
    const stop = new AbortController();
    reading.stop = stop;
    try {
      const options = { timeoutMs: times.answerMs, maxBytes: MAX_ANSWER, signal: stop.signal };
      const answer =
        who === OWN
          ? await askHere(local, PROGRAMS[platform] ?? ['tailscale'], options)
          : await (await host(who)).exec(['tailscale', ...ASK], options);
      if (stop.signal.aborted) return;
      const at = Date.now();
      const { addresses, ...look } = readTailnet(answer, peers, at);
      const { said } = reading;
      const since = said?.state.kind === look.state.kind ? said.since : at;
      reading.addresses = addresses;
      reading.said = { ...look, at, since, failed: null, needed: false };
    } catch (cause) {
      const error = toWorkshopError(cause);
      // A link that is lost says so itself; what was known stays, as old as it is.
      if (stop.signal.aborted || error.code === 'HOST_LINK_LOST') return;
      const why = error.message.slice(0, 300);
      reading.said = reading.said
        ? { ...reading.said, failed: why }
        : {
            ...{ state: { kind: 'unknown', why }, at: null, since: Date.now(), failed: null },
            ...{ needed: false, health: [] },
          };
    } finally {
      if (reading.stop === stop) reading.stop = null;
      reading.dueAt = Date.now() + (reached ? times.calmMs : times.urgentMs);
      tell();
    }
  };

  const end = (reading: Reading) => {
    reading.stop?.abort(new Error('nobody asks any more'));
    reading.stop = null;
  };
  const forget = (who: Who) => {
    const reading = readings.get(who);
    if (reading) end(reading);
    readings.delete(who);
  };
  const consider = (who: Who, about: string, peers: readonly TailnetPeer[]) => {
    // Another machine, or another Redis: what was known is of no use.
    if (readings.get(who)?.about !== about) forget(who);
    const reading = readings.get(who) ?? {
      about,
      said: null,
      addresses: [],
      dueAt: 0,
      without: false,
      stop: null,
    };
    readings.set(who, reading);
    if (!reading.stop && Date.now() >= reading.dueAt) void ask(who, peers, reading);
  };
  const hurry = () => {
    for (const reading of readings.values()) reading.dueAt = 0;
  };
  const look = () => {
    const before = reached;
    const { kind } = now().links.redis;
    reached = kind !== 'lost';
    if (before && !reached) hurry();
    for (const who of readings.keys()) if (who !== OWN && !views.some(({ id }) => id === who)) forget(who);
    for (const view of views) {
      const { link, id } = view;
      // This computer is asked once, below, where it needs Tailscale itself.
      if (view.local && peersOfThisComputer(ways()).length > 0) forget(id);
      else if (stands(link)) consider(id, view.address, peersOf(view));
      else {
        const reading = readings.get(id);
        if (reading) end(reading);
      }
    }
    const peers = peersOfThisComputer(ways());
    if (peers.length > 0) consider(OWN, JSON.stringify(peers), peers);
    else forget(OWN);
    tell();
  };
  const timer = setInterval(look, times.everyMs);
  timer.unref();

  return {
    machines(next) {
      for (const { id, link } of next) {
        const reading = readings.get(id);
        const was = views.find((one) => one.id === id)?.link;
        if (reading && stands(link) && !(was && stands(was))) reading.dueAt = 0;
      }
      views = next;
      look();
    },
    wake() {
      hurry();
      look();
    },
    close() {
      clearInterval(timer);
      for (const who of [...readings.keys()]) forget(who);
    },
  };
}

const stands = ({ kind }: { kind: string }) => kind === 'ready' || kind === 'degraded';

/** The first of these programs that is there answers. */
async function askHere(
  local: RemoteHost,
  programs: readonly string[],
  options: Parameters<RemoteHost['exec']>[1],
): Promise<ExecResult> {
  let answer: ExecResult = { code: 127, signal: null, stdout: '', stderr: '' };
  for (const program of programs) {
    answer = await local.exec([program, ...ASK], options);
    if (answer.code !== 127) break;
  }
  return answer;
}
