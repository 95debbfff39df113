import type {
  MachineView,
  OwnTailnet,
  RemedyId,
  RemedyOffer,
  TailnetState,
  TailnetView,
} from '../../../src-main/api/types.ts';
import { sentenceOf } from '../describe-link.ts';
import { clockText, cut, spanText } from '../format.ts';
import type { Tone } from '../tone.ts';

/** Tailscale on one machine in words. */
export interface TailnetWords {
  tone: Tone;
  /** Whose it is, as a heading: "This computer", "The VPS". */
  who: string;
  /** What holds, with its age when it is old. */
  sentence: string;
  /** What to do, on which machine; empty while nothing is to be done. */
  remedy: string;
  /** The same where a button stands beside it: what it leaves over. */
  beside: string;
  /** A login that was begun there and waits for a person; null for none. */
  loginUrl: string | null;
  /** What the console can do about it there; null: only a person can. */
  offer: RemedyOffer | null;
  /** Nothing gets through: Redis, or a login, cannot be reached this way. */
  broken: boolean;
}

/** Whether somebody should look at it. */
export const needsALook = ({ tone }: TailnetWords): boolean => tone === 'warn' || tone === 'fail';

/** Where a machine is told apart in sentences, and how it is steered. */
interface Place {
  /** "this computer", "the VPS". */
  name: string;
  /** It has an app with a window, where a person does what is to be done. */
  app: boolean;
  /** The Hosts screen can install Tailscale there. */
  deployed: boolean;
  /** Id of the machine, where the console can run commands; null where only its app can be used. */
  machineId: string | null;
}

/** An answer older than this is no longer "now", ms: it is asked about once a minute. */
const FRESH_MS = 150_000;
const ADMIN = 'login.tailscale.com/admin/machines';

/** Tailscale on the computer that the console runs on. */
export function describeOwnTailnet(own: OwnTailnet, now: number): TailnetWords {
  const machineId = own.app ? null : 'this-computer';
  const words = describe(own, { name: 'this computer', app: own.app, deployed: false, machineId }, now);
  const other = words.broken ? otherWay(own) : '';
  const also = (text: string) => [text, other].filter(Boolean).join(' ');
  return { ...words, remedy: also(words.remedy), beside: also(words.beside) };
}

/** Tailscale on a machine that is logged in to; null before it was asked. */
export function describeTailnet({ id, name, role, tailnet }: MachineView, now: number): TailnetWords | null {
  if (!tailnet) return null;
  return describe(tailnet, { name, app: false, deployed: role === 'gpu-host', machineId: id }, now);
}

/**
 * Why Redis is not reached, as far as Tailscale knows: what is broken on whichever end, nearest first, and what to do.
 * Empty when Tailscale is not to blame, or not known to be.
 */
export function blameTailnet(
  own: OwnTailnet | null,
  machines: readonly MachineView[],
  now: number,
): { sentence: string; remedy: string } | null {
  const near = own && describeOwnTailnet(own, now);
  const found = near?.broken
    ? near
    : machines
        .filter(({ role, tailnet }) => role === 'vps' && tailnet?.needed)
        .map((machine) => describeTailnet(machine, now))
        .find((words) => words?.broken);
  return found ? { sentence: found.sentence, remedy: found.remedy } : null;
}

/** Why the agent on a machine is not heard, as far as Tailscale there knows; null when it is not to blame. */
export function blameTailnetOn(
  hostId: string,
  machines: readonly MachineView[],
  now: number,
): { sentence: string; remedy: string } | null {
  const machine = machines.find(({ id, role }) => id === hostId && role === 'gpu-host');
  const words = machine ? describeTailnet(machine, now) : null;
  return words?.broken ? { sentence: words.sentence, remedy: words.remedy } : null;
}

function otherWay({ instead }: OwnTailnet): string {
  if (instead === 'vps') return 'Redis can also go through the VPS: switch on Setup.';
  if (instead === null) return '';
  return 'Redis can also go through the VPS: enter its login on Setup, and switch there.';
}

function describe(view: TailnetView, place: Place, now: number): TailnetWords {
  const said = wordsOf(view.state, place, now);
  const offer = offerOf(view.state, place);
  const age = ageOf(view, now);
  const health = view.health.length === 0 ? '' : ` Tailscale warns there: ${cut(view.health.join(' '), 300)}`;
  const unneeded = !view.needed && said.tone !== 'ok';
  return {
    who: capital(place.name),
    tone: unneeded ? 'off' : said.tone,
    sentence: `${said.sentence}${unneeded ? ' Redis is not reached over it.' : ''}${age}${sentenceEnd(health)}`,
    remedy: unneeded ? '' : said.remedy,
    beside: unneeded || offer ? '' : said.remedy,
    offer: unneeded ? null : offer,
    loginUrl: unneeded || !('loginUrl' in view.state) ? null : view.state.loginUrl,
    broken: said.broken === true && view.needed,
  };
}

/** What is to be done there, where the console can do it. Only the Hosts screen installs on a GPU host. */
function offerOf(state: TailnetState, { machineId, deployed }: Place): RemedyOffer | null {
  if (machineId === null) return null;
  const of = (remedy: RemedyId, label: string) => ({ machineId, remedy, subject: null, label });
  if (state.kind === 'not-installed' && !deployed) return of('install-tailscale', 'Install Tailscale there…');
  if (state.kind === 'daemon-not-running') return of('start-tailscale', 'Start Tailscale there…');
  if (state.kind === 'stopped') return of('join-tailnet', 'Switch it on there…');
  if (state.kind === 'logged-out' && state.loginUrl === null) return of('join-tailnet', 'Log it in…');
  if (state.kind === 'key-expired' && state.loginUrl === null)
    return of('renew-tailnet-key', 'Log it in anew…');
  if (state.kind === 'key-expiring') return of('renew-tailnet-key', 'Log it in anew…');
  return null;
}

function ageOf({ at, since, state, failed }: TailnetView, now: number): string {
  if (state.kind === 'unknown' && at === null) return ` That is so since ${clockText(since, now)}.`;
  if (at === null) return '';
  if (failed !== null)
    return ` That was at ${clockText(at, now)}; the last look failed: ${sentenceOf(cut(failed, 200))}`;
  return now - at > FRESH_MS ? ` That was ${spanText(now - at)} ago, at ${clockText(at, now)}.` : '';
}

type Said = Pick<TailnetWords, 'tone' | 'sentence' | 'remedy'> & { broken?: boolean };

function wordsOf(state: TailnetState, place: Place, now: number): Said {
  const { name } = place;
  const on = `on ${name}`;
  const offer = offerOf(state, place);
  /** What a person presses here, or does in the app. */
  const act = (inApp: string) =>
    offer === null
      ? inApp
      : `Press “${offer.label.replace('…', '')}” ${name === 'this computer' ? 'under Redis in the header' : 'at its link, in the header'} or on Setup.`;
  const bad = (sentence: string, remedy: string): Said => ({ tone: 'fail', sentence, remedy, broken: true });
  /** What was connected before may go on meanwhile. */
  const maybe = (sentence: string, remedy: string): Said => ({
    tone: 'warn',
    sentence,
    remedy,
    broken: true,
  });
  switch (state.kind) {
    case 'not-installed':
      return bad(
        `Tailscale is not installed ${on}.`,
        place.deployed
          ? `Look ${name} over on the Hosts screen; it installs Tailscale there.`
          : act('Install it from tailscale.com/download and log in to the tailnet of the workshop.'),
      );
    case 'daemon-not-running':
      return bad(
        `Tailscale is installed ${on}, but its service does not run.`,
        act('Open the Tailscale app.'),
      );
    case 'starting':
      return { tone: 'wait', sentence: `Tailscale is starting ${on}.`, remedy: 'Wait a few seconds.' };
    case 'logged-out':
      return bad(
        `Tailscale is logged out ${on}.`,
        state.loginUrl === null
          ? act('Open Tailscale and log in.')
          : `Open ${state.loginUrl} in a browser and log in.`,
      );
    case 'stopped':
      return bad(`Tailscale is switched off ${on}.`, act('Open Tailscale and switch it on.'));
    case 'needs-machine-auth':
      return bad(
        `Tailscale waits ${on} until an admin of the tailnet lets the machine in.`,
        `An admin approves it at ${ADMIN}.`,
      );
    case 'key-expired':
      return bad(
        `The Tailscale key of ${name} ${state.at === null ? 'has expired' : `expired at ${clockText(state.at, now)}`}.`,
        state.loginUrl === null
          ? act('Open Tailscale and log in again.')
          : `Open ${state.loginUrl} in a browser and log in again.`,
      );
    case 'key-expiring':
      return {
        tone: 'warn',
        sentence: `The Tailscale key of ${name} expires at ${clockText(state.at, now)}, in ${spanText(state.at - now)}. An admin can switch its expiry off at ${ADMIN}.`,
        remedy: act('Or open Tailscale and log in again before then.'),
      };
    case 'offline':
      return maybe(
        `Tailscale runs ${on}, but does not reach its servers.`,
        `Check that ${name} is online, and that its firewall lets Tailscale out (TCP 443, UDP 41641).`,
      );
    case 'peer-offline':
      return maybe(
        `Tailscale ${on} says that ${peerName(state)} is offline${
          state.lastSeen === null
            ? ''
            : `, last seen ${spanText(now - state.lastSeen)} ago (${clockText(state.lastSeen, now)})`
        }.`,
        `Look whether ${state.peer} is up. Where the console is logged in to it, its own link says how Tailscale stands there.`,
      );
    case 'peer-key-expired':
      return bad(
        `Tailscale ${on} says that the key of ${peerName(state)} has expired.`,
        `Log it in anew at its own link, in the header or on Setup; or an admin extends its key at ${ADMIN}.`,
      );
    case 'peer-absent':
      return bad(
        `Tailscale runs ${on}, but its tailnet has no machine ${state.address} (${whatText(state.what)}).`,
        `Check that ${name} is logged in to the tailnet of the workshop, and the address in Setup.`,
      );
    case 'relayed':
      return {
        tone: 'warn',
        sentence: `Tailscale ${on} reaches ${peerName(state)} ${
          state.region === null
            ? 'over another machine of the tailnet'
            : `over a relay, DERP region “${state.region}”`
        }: it works, but slower.`,
        remedy: 'For a direct path, let UDP port 41641 through the firewalls of both ends.',
      };
    case 'fine':
      return {
        tone: 'ok',
        sentence: `Tailscale runs ${on}${state.address === null ? '' : `, as ${state.address}`}.`,
        remedy: '',
      };
    case 'unknown':
      return {
        tone: 'off',
        sentence: `How Tailscale stands ${on} is not known: ${sentenceOf(cut(state.why, 300))}`,
        remedy: 'It is asked again within a minute.',
      };
  }
}

/** "vps-1 (Redis)": what it calls itself, and what it is for us. */
const peerName = ({ peer, what }: { peer: string; what: string }) => `${peer} (${whatText(what)})`;
const whatText = (what: string) => (what === 'Redis' ? 'where Redis is' : what);
const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
const sentenceEnd = (text: string) => (text === '' ? '' : ` ${sentenceOf(text)}`);
