import type { DeployView, StepView } from '../../../src-main/api/types.ts';
import { ageText, plural, spanText } from '../../components/format.ts';
import type { Tone } from '../../components/tone.ts';
import type { SkippableStep } from '../../live/deploy-verbs.ts';

/** As a record, so that a step that main lets out but this list forgot is a type error. */
const SKIPPABLE_STEPS: Readonly<Record<SkippableStep, true>> = {
  gpu: true,
  ports: true,
  room: true,
  docker: true,
  toolkit: true,
  tailscale: true,
  delivery: true,
};

const isSkippableId = (id: StepView['id']): id is SkippableStep => Object.hasOwn(SKIPPABLE_STEPS, id);

/** What the host has chosen to leave out, as the machine's plan stands. */
export function skippedIn({ steps }: Pick<DeployView, 'steps'>): SkippableStep[] {
  return steps.flatMap(({ id, state }) => (state === 'skipped' && isSkippableId(id) ? [id] : []));
}

export function isSkippable(step: StepView): step is StepView & { id: SkippableStep } {
  return step.skippable && isSkippableId(step.id);
}

export interface DeploySummary {
  tone: Tone;
  word: string;
  /** How it stands, and what to do next. */
  sentence: string;
}

const DOING = {
  deploy: 'Deploying',
  rollback: 'Going back',
  uninstall: 'Removing',
} as const;

/** How a machine stands, in a word and a sentence that ends in the next step. */
export function summaryOf(view: DeployView, now: number): DeploySummary {
  const running = view.steps.find(({ state }) => state === 'running');
  if (view.phase === 'unseen')
    return {
      tone: 'off',
      word: 'not looked at',
      sentence: 'Look it over first: that changes nothing there, and shows every command before it runs.',
    };
  if (view.phase === 'looking')
    return {
      tone: 'wait',
      word: 'looking',
      sentence: 'The machine is being looked over. Nothing is changed.',
    };
  if (view.phase === 'running' && view.waitsFor !== null)
    return { tone: 'wait', word: 'waiting', sentence: view.waitsFor };
  if (view.phase === 'running')
    return {
      tone: 'wait',
      word: DOING[view.act].toLowerCase(),
      sentence: `${DOING[view.act]} for ${spanText(Math.max(0, now - (view.since ?? now)))}${running ? `: ${running.title}` : ''}. You may leave this screen; it goes on.`,
    };
  if (view.phase === 'stopping')
    return {
      tone: 'wait',
      word: 'stopping',
      sentence:
        'What runs there is being ended. It counts as stopped once the machine shows that it has ended.',
    };
  if (view.phase === 'interrupted')
    return {
      tone: 'fail',
      word: 'interrupted',
      sentence: `${DOING[view.act]} was interrupted${view.since === null ? '' : ` (begun ${ageText(view.since, now)})`}: this console ended in the middle of it${view.wasAt === null ? '' : `, at “${view.wasAt}”`}. What was done so far stays. Press to go on: it looks first what is there, and waits for what may still run.`,
    };
  if (view.phase === 'failed')
    return {
      tone: 'fail',
      word: 'not finished',
      sentence:
        'What was done so far stays. Once the cause is put right, press again: it goes on where it stopped.',
    };
  if (view.phase === 'done') {
    const sentence = view.result ?? 'It is done.';
    return view.act !== 'uninstall' && view.steps.some(({ state }) => state === 'warned')
      ? { tone: 'warn', word: 'not complete', sentence }
      : { tone: 'ok', word: 'done', sentence };
  }
  return plannedSummary(view, now);
}

function plannedSummary(view: DeployView, now: number): DeploySummary {
  const blocked = view.steps.filter(({ state }) => state === 'blocked');
  const todo = view.steps.filter(({ state, id }) => state === 'needed' && id !== 'heartbeat');
  const age = ageText(view.lookedAt, now);
  const looked = age === undefined ? '' : ` Looked at ${age}.`;
  if (blocked.length > 0)
    return {
      tone: 'warn',
      word: 'needs you',
      sentence: `${plural(blocked.length, 'thing')} below must be put right or left out first.${looked}`,
    };
  if (todo.length === 0)
    return {
      tone: 'ok',
      word: 'in place',
      sentence: `Nothing is to be done: what this console brings runs there.${looked}`,
    };
  return {
    tone: 'busy',
    word: 'ready',
    sentence: `${plural(todo.length, 'step')} to do; read them below, then press.${looked}`,
  };
}

const STEP_TONES: Record<StepView['state'], Tone> = {
  needed: 'queued',
  done: 'ok',
  finished: 'ok',
  running: 'wait',
  failed: 'fail',
  blocked: 'warn',
  warned: 'warn',
  skipped: 'off',
};

const STEP_WORDS: Record<StepView['state'], string> = {
  needed: 'to do',
  done: 'in place',
  finished: 'done',
  running: 'now',
  failed: 'failed',
  blocked: 'needs you',
  warned: 'mind this',
  skipped: 'left out',
};

export const stepTone = ({ state }: StepView): Tone => STEP_TONES[state];
export const stepWord = ({ state }: StepView): string => STEP_WORDS[state];

/** What the main button does now; undefined where there is nothing to press. */
export function mainAct({ phase, installed, offers, steps, act }: DeployView): string | undefined {
  if (phase === 'unseen' || phase === 'looking' || phase === 'running' || phase === 'stopping')
    return undefined;
  if (phase === 'failed' && steps.length === 0) return undefined;
  if (phase === 'failed' || phase === 'interrupted')
    return { deploy: 'Go on', rollback: 'Go back again', uninstall: 'Remove again' }[act];
  if (installed === null) return 'Deploy';
  if (offers !== null && installed.release !== offers) return 'Upgrade';
  return steps.some(({ state, id }) => state === 'needed' && id !== 'heartbeat') && phase === 'ready'
    ? 'Deploy'
    : undefined;
}
