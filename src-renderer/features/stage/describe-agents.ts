import type { HostView } from '../../../src-main/api/types.ts';
import { sentenceOf } from '../../components/describe-link.ts';
import { clockText, listText, plural, spanText } from '../../components/format.ts';
import { blameTailnetOn } from '../../components/machines/describe-tailnet.ts';
import type { StageFacts } from './facts.ts';
import { type HostHealth, healthOf } from './host-health.ts';
import type { StageSentence } from './stage-sentence.ts';

/** Whether there is an agent to speak of; undefined when at least one reports. */
export function describeAgents(facts: StageFacts, now: number): StageSentence | undefined {
  const hosts = Object.values(facts.hosts);
  const waiting =
    facts.counts && facts.counts.pending > 0
      ? `${plural(facts.counts.pending, 'job')} ${be(facts.counts.pending)} waiting.`
      : '';
  if (hosts.length === 0)
    return {
      tone: 'warn',
      headline: 'No agent has reported yet.',
      details: ['Put the worker-agent on the GPU host; it appears here by itself.', waiting].filter(Boolean),
      next: { kind: 'go', to: ['hosts'] },
    };
  const judged = hosts.map((host) => ({ host, health: healthOf(host, facts, now) }));
  if (judged.some(({ health }) => health.kind === 'reporting' || health.kind === 'stopping'))
    return undefined;
  const worst = judged[0];
  if (!worst) return undefined;
  const absence = describeAbsence(worst.host, worst.health, facts, now);
  const more = absencesOf(facts, now).filter((sentence) => sentence !== absence.headline);
  const details = [...absence.details, ...(hosts.length > 1 ? more : []), waiting].filter(Boolean);
  // A log is there where an agent has once run.
  const to = worst.health.kind === 'silent' ? (['hosts', 'logs'] as const) : (['hosts'] as const);
  return { ...absence, details, next: { kind: 'go', to } };
}

/** What is said about an agent that does not report. */
function describeAbsence(
  host: HostView,
  health: HostHealth,
  facts: StageFacts,
  now: number,
): Omit<StageSentence, 'next'> {
  const blamed = blameTailnetOn(host.id, facts.machines, now);
  /** The cause stands first where it is known: the Stage has two lines. */
  const withRemedy = (state: string, usual: string) =>
    blamed ? [blamed.sentence, blamed.remedy, state] : [state, usual];
  switch (health.kind) {
    case 'mismatch':
      return {
        tone: 'fail',
        headline: `The agent on ${host.id} speaks another version.`,
        details: [sentenceOf(health.sentence)],
      };
    case 'unheard':
      return {
        tone: 'warn',
        headline: `The agent on ${host.id} has not reported yet.`,
        details: withRemedy(
          `${plural(host.desired?.workers ?? 0, 'worker')} will start once it does.`,
          'Deploy it there, or look why it does not start.',
        ),
      };
    case 'stopped':
      return {
        tone: 'warn',
        headline: `The agent on ${host.id} was stopped${health.since === null ? '' : ` at ${clockText(health.since, now)}`}.`,
        details: ['No job is taken until it runs again. Deploying starts it.', ...keptBack(host)],
      };
    default:
      return {
        tone: 'fail',
        headline:
          'since' in health && health.since !== null
            ? `The agent on ${host.id} has been silent for ${spanText(now - health.since)}.`
            : `The agent on ${host.id} is silent.`,
        details: withRemedy(
          'Its figures are the last known; whether its jobs go on is not known.',
          'Look the GPU host over, and read what its worker-agent said last.',
        ),
      };
  }
}

/** A rented machine that is given up takes with it what has not left it. */
function keptBack(host: HostView): string[] {
  const late = host.status?.late;
  if (!late || late.files === 0) return [];
  return [
    `${plural(late.files, 'file')} of ${plural(late.jobs, 'job')} ${be(late.files)} still on that machine and leave when it runs again: do not give it up yet.`,
  ];
}

/** Sentences about agents that do not report, beside others that do. */
export function absencesOf(facts: StageFacts, now: number): string[] {
  const silent: string[] = [];
  const others: string[] = [];
  for (const host of Object.values(facts.hosts)) {
    const health = healthOf(host, facts, now);
    if (health.kind === 'silent') silent.push(host.id);
    else if (health.kind !== 'reporting' && health.kind !== 'stopping' && health.kind !== 'unreachable')
      others.push(describeAbsence(host, health, facts, now).headline);
  }
  if (silent.length > 0)
    others.unshift(
      `${silent.length === 1 ? 'The agent' : 'The agents'} on ${listText(silent)} ${be(silent.length)} silent.`,
    );
  return others;
}

const be = (count: number) => (count === 1 ? 'is' : 'are');
