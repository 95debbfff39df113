import type { MachineView } from '../../../src-main/api/types.ts';
import { sentenceOf, untilText } from '../describe-link.ts';
import { clockText, spanText } from '../format.ts';
import type { Tone } from '../tone.ts';

/** What a person may do about a link. */
export type MachineAct = 'connect' | 'retry' | 'renew' | 'disconnect' | 'answer' | 'trust-new-key' | 'setup';

/** The way to a machine in a few words, in a sentence, and what can be done about it; the next step first. */
export interface MachineWords {
  tone: Tone;
  short: string;
  sentence: string;
  acts: MachineAct[];
}

export function describeMachine({ name, address, link }: MachineView, now: number): MachineWords {
  const who = `${capital(name)} (${address})`;
  switch (link.kind) {
    case 'idle':
      return {
        tone: 'off',
        short: 'not connected',
        sentence: `${who} is not connected, as you wished.`,
        acts: ['connect'],
      };
    case 'connecting':
      return {
        tone: 'wait',
        short: 'connecting',
        sentence: `${who}: connecting for ${spanText(now - link.since)}, attempt ${link.attempt}.`,
        acts: ['disconnect'],
      };
    case 'asking':
      return {
        tone: 'warn',
        short: 'asks you',
        sentence: `${who} waits for an answer of yours since ${clockText(link.since, now)}.`,
        acts: ['answer', 'disconnect'],
      };
    case 'ready':
      return {
        tone: 'ok',
        short: rtt(link.rttMs),
        sentence: `${who} is connected since ${clockText(link.since, now)}; a round trip takes ${rtt(link.rttMs)}.`,
        acts: ['disconnect'],
      };
    case 'degraded':
      return {
        tone: 'warn',
        short: 'slow',
        sentence: `${who} works badly since ${clockText(link.since, now)}: ${sentenceOf(link.why)}`,
        acts: ['renew', 'disconnect'],
      };
    case 'lost':
      return {
        tone: 'fail',
        short: `lost, retry ${untilText(link.retryAt, now)}`,
        sentence: `${who} is lost since ${clockText(link.since, now)}: ${sentenceOf(link.why)} ${link.remedy}`,
        acts: ['retry', 'setup', 'disconnect'],
      };
    case 'refused':
      return {
        tone: 'fail',
        short: link.code === 'HOST_KEY_CHANGED' ? 'key changed' : 'needs you',
        sentence: `${who} is not connected since ${clockText(link.since, now)}: ${sentenceOf(link.why)} ${link.remedy}`,
        acts: link.stranger === undefined ? ['retry', 'setup'] : ['trust-new-key', 'retry'],
      };
  }
}

/** Short name for a chip: "VPS ssh", or the GPU host's own name. */
export function chipName({ role, name }: MachineView): string {
  return role === 'vps' ? 'VPS ssh' : `${name.length > 14 ? `${name.slice(0, 13)}…` : name} ssh`;
}

const rtt = (ms: number) => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);
const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
