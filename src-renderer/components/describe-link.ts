import type { LinkState } from '../../src-main/api/types.ts';
import { clockText, spanText } from './format.ts';
import type { Tone } from './tone.ts';

/** A link in a few words, for its chip, and in a sentence, for those who ask. */
export interface LinkWords {
  tone: Tone;
  /** After the link's name: "38 ms", "connecting", "lost, retry in 6 s", "not set up". */
  short: string;
  sentence: string;
}

/** @param name as people say it, e.g. "Redis" or "GPU host ssh". */
export function describeLink(name: string, link: LinkState, now: number): LinkWords {
  switch (link.kind) {
    case 'idle':
      return { tone: 'off', short: 'not set up', sentence: `${name} is not set up.` };
    case 'connecting':
      return {
        tone: 'wait',
        short: 'connecting',
        sentence: `${name}: connecting for ${spanText(now - link.since)}, attempt ${link.attempt}.`,
      };
    case 'ready':
      return {
        tone: 'ok',
        short: link.rttMs === null ? 'connected' : `${rtt(link.rttMs)}`,
        sentence: `${name} is connected since ${clockText(link.since, now)}${
          link.rttMs === null ? '' : `; a round trip takes ${rtt(link.rttMs)}`
        }.`,
      };
    case 'degraded':
      return {
        tone: 'warn',
        short: link.rttMs === null ? 'slow' : `slow, ${rtt(link.rttMs)}`,
        sentence: `${name} works badly since ${clockText(link.since, now)}: ${link.why}`,
      };
    case 'lost':
      return {
        tone: 'fail',
        short: wantsPassword(link)
          ? 'needs a password'
          : link.retryAt === null
            ? 'lost'
            : `lost, retry ${untilText(link.retryAt, now)}`,
        sentence: `${name} is lost since ${clockText(link.since, now)}: ${sentenceOf(link.why)} ${link.remedy}`,
      };
  }
}

/** Redis is there and wants another password than this console has. */
export function wantsPassword(link: LinkState): boolean {
  return link.kind === 'lost' && link.code === 'REDIS_AUTH';
}

/** "in 6 s", or "now" when it is due. */
export function untilText(at: number, now: number): string {
  return at - now < 1000 ? 'now' : `in ${spanText(at - now)}`;
}

/** Ends a text that came without its full stop. */
export function sentenceOf(text: string): string {
  return /[.!?]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}

const rtt = (ms: number) => (ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`);
