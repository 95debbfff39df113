import { setTimeout as sleep } from 'node:timers/promises';
import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { DeployService } from '../../api/roles/machines.ts';
import type { DeployChoices } from '../../domain/deploy/agent-settings.ts';
import type { BegunRun } from '../../domain/deploy/begun-run.ts';
import type { DeployAct, DeployView, StepId, StepView } from '../../domain/deploy/deploy-view.ts';
import { SKIPPABLE_STEPS } from '../../domain/deploy/skippable-steps.ts';
import { prefixOf } from '../../domain/deploy/worker-prefix.ts';
import { isSecret } from '../../domain/env-file/mask.ts';
import { createHideSecrets, type HideSecrets } from '../../domain/logs/hide-secrets.ts';
import { plainLine } from '../../domain/plain-line.ts';
import type { Tell } from '../teller.ts';
import { brokenOff, progressOf, resultOf, unseenView, viewOfLook } from './deploy-picture.ts';
import { carryThrough } from './deploy-run.ts';
import type { LockOwner } from './host-lock.ts';
import { type Looked, lookOver, type RunNeeds } from './look-over.ts';
import { lacksRights } from './machine.ts';
import type { AgentBundle, AgentEar, ChoicesStore, DeployTarget, DeployTargets, RunsStore } from './roles.ts';
import { ConsoleCloses, mayStillRun, STILL_RUNS_REMEDY } from './run-work.ts';
import { begunSentence, endSentence, type RunEnd } from './told-runs.ts';

export interface DeployNeeds {
  targets: DeployTargets;
  /** @throws WorkshopError when the agent was not built into this console. */
  bundle(): Promise<AgentBundle>;
  ear: AgentEar;
  choices: ChoicesStore;
  /** Claims a prefix of worker names. @returns the host that has it, maybe this one; null where it cannot be asked. */
  claimPrefix(prefix: string, hostId: string): Promise<string | null>;
  /** What has begun and was not seen to end. */
  runs: RunsStore;
  /** Name of this console as others read it. */
  by: () => string;
  /** This process of this console, as locks name it. */
  run: Pick<LockOwner, 'id' | 'own'>;
  /** Tells the hosts of the present workshop, from now on. */
  teller(): Tell;
  /** Where Node's official archives are. */
  nodeMirror: string;
}

/** Lines of output kept for each machine. */
const OUTPUT_LINES = 400;
/** Shortest time between two pictures to one subscriber, ms. */
const COALESCE_MS = 100;

type RunInput = Parameters<DeployService['start']>[0];

interface Place {
  view: DeployView;
  running: AbortController | null;
  lines: number;
  withoutRights: Set<string>;
  /** Of what the machine prints. */
  hide: HideSecrets;
  /** Where finished files should go on the VPS, by the last look; '' while it is not known. */
  outputs: string;
}

export interface DeployKeeper extends DeployService {
  /** The VPS's .env has just been written to a GPU host. */
  imported(targetId: string): Promise<void>;
  /** Where finished files of a machine should go on the VPS, by its last look; null while it is not known. */
  outputs(targetId: string): string | null;
  close(): void;
}

/** Deploying to every machine that the host has: looks it over, shows the plan, carries it out, says what was done. */
export function createDeployService(needs: DeployNeeds): DeployKeeper {
  const { targets, ear } = needs;
  const places = new Map<string, Place>();
  let chosen: Record<string, DeployChoices> = {};
  let begun: Record<string, BegunRun> = {};
  const ready = Promise.all([needs.choices.load(), needs.runs.load()]).then(([choices, runs]) => {
    chosen = choices;
    begun = runs;
  });
  let saved: Promise<void> = Promise.resolve();
  /** One write after the other. Without it a sudden end is not told, and nothing else is lost. */
  const keep = (targetId: string, run: BegunRun | null) => {
    const { [targetId]: _, ...others } = begun;
    begun = run ? { ...others, [targetId]: run } : others;
    const runs = begun;
    saved = saved.then(() => needs.runs.save(runs)).catch(() => {});
    return saved;
  };
  let closed = false;
  const wakers = new Set<() => void>();
  const tell = () => {
    for (const wake of wakers) wake();
  };
  const off = targets.onChange(tell);

  const listed = async (targetId: string): Promise<DeployTarget | undefined> => {
    const find = () => targets.list().find(({ id }) => id === targetId);
    if (!find()) await targets.refresh();
    return find();
  };
  const targetOf = async (targetId: string): Promise<DeployTarget> => {
    const target = await listed(targetId);
    if (target) return target;
    throw new WorkshopError('NOT_FOUND', 'This machine is no longer in the list of GPU hosts.');
  };
  const placeOf = (target: DeployTarget): Place => {
    const known = places.get(target.id);
    if (known) {
      Object.assign(known.view, { name: target.name, where: target.where, hostId: target.hostId });
      return known;
    }
    const place: Place = {
      view: { ...unseenView(target, chosen[target.id]), ...brokenOff(begun[target.id]) },
      running: null,
      lines: 0,
      withoutRights: new Set(),
      hide: createHideSecrets([]),
      outputs: '',
    };
    places.set(target.id, place);
    return place;
  };
  const say = (place: Place) => (text: string) => {
    for (const line of text.split('\n').map(plainLine))
      if (line !== '') place.view.output.push({ n: place.lines++, text: place.hide(line).text });
    place.view.output.splice(0, place.view.output.length - OUTPUT_LINES);
    tell();
  };
  const show = (place: Place, looked: Looked) => {
    place.outputs = looked.delivery.outputs;
    Object.assign(place.view, viewOfLook(place.view.targetId, looked));
    place.view.progress = progressOf(place.view.steps);
    tell();
  };

  /** Its first steps are taken at once: who called sees that it works. `ready` is behind whoever calls. */
  const begin = async (
    target: DeployTarget,
    act: DeployAct,
    skip: readonly StepId[],
    work: (place: Place, run: RunNeeds) => Promise<void>,
    phase: DeployView['phase'],
    secrets: readonly string[] = [],
  ): Promise<RunEnd> => {
    const targetId = target.id;
    const place = placeOf(target);
    if (place.running)
      throw new WorkshopError('WRONG_STATE', `This console already works on ${target.name}.`, {
        remedy: 'Wait until it is done, or stop it first.',
      });
    const running = new AbortController();
    place.running = running;
    Object.assign(place.view, { phase, act, error: null, result: null, since: Date.now(), wasAt: null });
    tell();
    try {
      const [host, vps, bundle, configuration] = await Promise.all([
        targets.open(targetId),
        targets.vps(),
        needs.bundle(),
        targets.configuration(targetId),
      ]);
      const theirs = Object.entries(configuration).flatMap(([key, value]) =>
        isSecret(key, value) ? [value] : [],
      );
      place.hide = createHideSecrets([...secrets, ...theirs]);
      const { choices } = place.view;
      const run = {
        host,
        target,
        vps,
        bundle,
        configuration,
        choices,
        withoutRights: place.withoutRights,
        neighbours: {
          count: targets.list().filter((one) => one.hostId !== target.hostId).length,
          prefixes: new Set(ear.workersElsewhere(target.hostId).map(prefixOf)),
        },
        act,
        skip: new Set(skip),
        signal: running.signal,
      };
      await work(place, { ...run, nodeMirror: needs.nodeMirror, own: needs.run.own });
      return { kind: 'done', result: place.view.result ?? '' };
    } catch (cause) {
      const info = (running.signal.aborted ? stoppedBy(cause) : toWorkshopError(cause)).toInfo();
      // Nobody is asked again for a password that does not help.
      if (lacksRights(cause)) place.view.wantsPassword = false;
      Object.assign(place.view, {
        phase: 'failed',
        error: { ...info, message: place.hide(info.message).text },
      });
      return running.signal.aborted
        ? { kind: 'stopped', proven: !mayStillRun(cause) }
        : { kind: 'failed', why: place.hide(info.message).text };
    } finally {
      place.running = null;
      tell();
    }
  };

  const run = (target: DeployTarget, input: RunInput, others: Tell) =>
    begin(
      target,
      input.act,
      input.skip,
      async (place, needed) => {
        const { view } = place;
        const { targetId, act } = input;
        const skip = SKIPPABLE_STEPS.filter((id) => needed.skip.has(id));
        await keep(targetId, { act, skip, since: Date.now(), wantsPassword: view.wantsPassword, step: null });
        others(begunSentence(act, toldName(needed.target)));
        const looked = await carryThrough(
          {
            ...needed,
            ear,
            owner: { ...needs.run, by: needs.by() },
            claimPrefix: needs.claimPrefix,
            password: input.sudoPassword,
          },
          {
            looked: (now) => show(place, now),
            say: say(place),
            login(url) {
              view.loginUrl = url;
              tell();
            },
            waits(what) {
              view.waitsFor = what;
              tell();
            },
            step(id, change) {
              const step = view.steps.find((one) => one.id === id);
              if (step) Object.assign(step, change);
              const kept = begun[targetId];
              if (step && kept && change.state === 'running')
                void keep(targetId, { ...kept, step: step.title, wantsPassword: view.wantsPassword });
              view.progress = progressOf(view.steps);
              tell();
            },
          },
        );
        // Seen anew, so that what is shown is what is there.
        const done = view.steps;
        const after = await lookOver({ ...needed, act: 'deploy' });
        show(place, after);
        const steps = done.map((step): StepView => {
          const missed = after.steps.find(({ id, state }) => id === step.id && state === 'warned');
          return missed ? { ...missed, progress: null } : step;
        });
        const workers = ear.heard(needed.target.hostId)?.workers ?? null;
        const result = resultOf(looked, { ...view, steps }, workers);
        Object.assign(view, { phase: 'done', steps, result, progress: 1 });
      },
      'running',
      input.sudoPassword === null ? [] : [input.sudoPassword],
    );

  /** Runs, and tells the others of its begin and end. */
  const followed = async (target: DeployTarget, input: RunInput) => {
    const others = needs.teller();
    const end = await run(target, input, others);
    if (closed || !(input.targetId in begun)) return;
    await keep(input.targetId, null);
    others(endSentence(input.act, toldName(target), end));
  };

  return {
    async *changes(signal) {
      let dirty = true;
      let wake = () => {};
      const notice = () => {
        dirty = true;
        wake();
      };
      wakers.add(notice);
      signal.addEventListener('abort', notice);
      try {
        await ready;
        while (!signal.aborted) {
          if (!dirty)
            await new Promise<void>((done) => {
              wake = done;
            });
          if (signal.aborted) return;
          dirty = false;
          yield targets.list().map((target) => structuredClone(placeOf(target).view));
          await sleep(COALESCE_MS);
        }
      } finally {
        wakers.delete(notice);
        signal.removeEventListener('abort', notice);
      }
    },
    async look({ targetId, skip }) {
      await ready;
      await begin(
        await targetOf(targetId),
        'deploy',
        skip,
        async (place, needed) => {
          show(place, await lookOver(needed));
          place.view.phase = 'ready';
          if (begun[targetId]) await keep(targetId, null);
        },
        'looking',
      );
    },
    async start(input) {
      await ready;
      const target = await targetOf(input.targetId);
      if (placeOf(target).running)
        throw new WorkshopError('WRONG_STATE', `This console already works on ${target.name}.`, {
          remedy: 'Wait until it is done, or stop it first.',
        });
      // Followed through `changes`; a failure stands there with its step.
      const left = placeOf(target).view.phase === 'interrupted' ? begun[input.targetId] : undefined;
      void followed(target, left?.act === input.act ? { ...input, skip: left.skip } : input);
    },
    async choose({ targetId, choices }) {
      await ready;
      placeOf(await targetOf(targetId)).view.choices = choices;
      chosen = { ...chosen, [targetId]: choices };
      tell();
      await needs.choices.save(chosen);
    },
    async stop({ targetId }) {
      const place = places.get(targetId);
      if (!place?.running) return;
      if (place.view.phase === 'running') place.view.phase = 'stopping';
      place.running.abort(new Error('stopped'));
      tell();
    },
    async imported(targetId) {
      const target = await listed(targetId).catch(() => undefined);
      if (!target) return;
      placeOf(target).view.imported = true;
      tell();
    },
    outputs: (targetId) => places.get(targetId)?.outputs || null,
    close() {
      off();
      closed = true;
      for (const { running } of places.values()) running?.abort(new ConsoleCloses());
    },
  };
}

const toldName = ({ name, where, toldAs = `${name} (${where})` }: DeployTarget) => toldAs;

/** @param cause of the end of a run that was stopped. */
function stoppedBy(cause: unknown): WorkshopError {
  if (!mayStillRun(cause))
    return new WorkshopError('WRONG_STATE', 'It was stopped by you.', {
      remedy: 'Press again to go on from here.',
    });
  return new WorkshopError('HOST_TIMEOUT', `You stopped it. ${toWorkshopError(cause).message}`, {
    remedy: STILL_RUNS_REMEDY,
  });
}
