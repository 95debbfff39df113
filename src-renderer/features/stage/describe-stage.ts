import type { LinkState } from '../../../src-main/api/types.ts';
import { sentenceOf, untilText, wantsPassword } from '../../components/describe-link.ts';
import { clockText, cut, spanText } from '../../components/format.ts';
import { blameTailnet } from '../../components/machines/describe-tailnet.ts';
import { describeAgents } from './describe-agents.ts';
import { describeFleet } from './describe-fleet.ts';
import type { StageFacts } from './facts.ts';
import type { StageSentence } from './stage-sentence.ts';

/**
 * The state of the workshop in words: is it running, who waits, is something wrong, what to press.
 * @param now local epoch ms.
 */
export function describeStage(facts: StageFacts, now: number): StageSentence {
  return describeWay(facts, now) ?? describeAgents(facts, now) ?? describeFleet(facts, now);
}

/** Everything between this window and Redis; undefined when it is in order. */
function describeWay(facts: StageFacts, now: number): StageSentence | undefined {
  const { line } = facts;
  if (line.kind === 'lost')
    return {
      tone: 'fail',
      headline: `This window lost the console, since ${clockText(line.since, now)}.`,
      details: [
        `${facts.known ? 'The figures are the last known; the' : 'The'} workshop goes on by itself.`,
        'This window connects again as soon as the console answers; if it does not, start the console again.',
      ],
      next: null,
    };
  if (!facts.known)
    return {
      tone: 'wait',
      headline: 'Opening the workshop.',
      details: [`Waiting for the console's first word, ${spanText(now - line.since)} so far.`],
      next: null,
    };
  if (facts.name === null)
    return {
      tone: 'off',
      headline: 'No workshop is set up on this laptop yet.',
      details: ['Enter where its Redis is; the console finds everything else from there.'],
      next: null,
    };
  return describeRedis(facts, facts.links.redis, now);
}

function describeRedis(facts: StageFacts, redis: LinkState, now: number): StageSentence | undefined {
  const where = facts.redisAddress ? ` at ${facts.redisAddress}` : '';
  const lastKnown =
    facts.queueAt === null
      ? 'Nothing is known yet.'
      : `The figures are from ${clockText(facts.queueAt, now)}.`;
  switch (redis.kind) {
    case 'idle':
      return {
        tone: 'off',
        headline: `Not connected to Redis${where}.`,
        details: [lastKnown],
        next: { kind: 'reconnect' },
      };
    case 'connecting': {
      const blamed = blameTailnet(facts.tailnet, facts.machines, now);
      return {
        tone: 'wait',
        headline: `Connecting to Redis${where}.`,
        details: [
          ...(blamed ? [blamed.sentence, blamed.remedy] : []),
          `${spanText(now - redis.since)} so far${redis.attempt > 1 ? `, attempt ${redis.attempt}` : ''}.`,
          lastKnown,
        ],
        next: null,
      };
    }
    case 'lost': {
      // What Tailscale knows is nearer to the cause than what the connection felt of it, unless the VPS answered.
      const blamed = redis.answered ? null : blameTailnet(facts.tailnet, facts.machines, now);
      const goesOn = `${lastKnown} Workers go on by themselves meanwhile.`;
      const retry = redis.retryAt === null ? '' : `Next try ${untilText(redis.retryAt, now)}.`;
      const why = sentenceOf(cut(redis.why, 300));
      if (wantsPassword(redis))
        return {
          tone: 'fail',
          headline: `Redis is lost since ${clockText(redis.since, now)}: it does not let this console in.`,
          details: [why, sentenceOf(redis.remedy), goesOn],
          next: { kind: 'enter-password' },
        };
      return {
        tone: 'fail',
        headline: `Redis is lost since ${clockText(redis.since, now)}.`,
        details: (blamed
          ? [blamed.sentence, blamed.remedy, retry, goesOn, why]
          : [goesOn, retry, sentenceOf(redis.remedy), why]
        ).filter(Boolean),
        next: { kind: 'reconnect' },
      };
    }
    case 'ready':
    case 'degraded':
      return facts.queueAt === null
        ? {
            tone: 'wait',
            headline: 'Reading the queue.',
            details: [`Redis${where} is connected.`],
            next: null,
          }
        : undefined;
  }
}
