import type { Verb } from '../contract/command.ts';
import type { ReplyOutcome } from './command-stream.ts';
import type { Fleet } from './fleet.ts';

/** Carries out one verb and says in a sentence what will happen. */
export function carryOut(verb: Verb, fleet: Pick<Fleet, 'worker'>): ReplyOutcome {
  switch (verb.verb) {
    case 'ping':
      return { kind: 'done', message: 'The agent is here.' };
    case 'restart-worker': {
      const worker = fleet.worker(verb.workerId);
      if (!worker) return unknownWorker(verb.workerId);
      worker.requestRestart();
      return {
        kind: 'done',
        message: `The ComfyUI of ${verb.workerId} restarts${afterJob(worker.state().kind)}.`,
      };
    }
    case 'free-vram': {
      const worker = fleet.worker(verb.workerId);
      if (!worker) return unknownWorker(verb.workerId);
      worker.requestFree();
      return {
        kind: 'done',
        message: `${verb.workerId} unloads its models${afterJob(worker.state().kind)}.`,
      };
    }
  }
}

function afterJob(state: string): string {
  return state === 'busy' || state === 'draining' ? ' as soon as its job is done' : '';
}

function unknownWorker(workerId: string): ReplyOutcome {
  return { kind: 'refused', code: 'NOT_FOUND', message: `There is no ${workerId} on this host now.` };
}
