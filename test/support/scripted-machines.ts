import type { HostAnswer, HostLinkState, HostTarget } from '../../src-main/domain/hosts/host-link.ts';
import type { MachineLink } from '../../src-main/services/machines.ts';
import { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/** A link whose states a test decides on; it records what was done to it. */
export interface ScriptedLink extends MachineLink {
  readonly target: HostTarget;
  readonly done: string[];
  readonly answers: HostAnswer[];
  become(state: HostLinkState): void;
}

/** Opens scripted links and keeps them by the id of their machine. */
export function scriptedMachines(first: HostLinkState = { kind: 'connecting', since: 0, attempt: 1 }) {
  const links = new Map<string, ScriptedLink>();
  const nothing = () => {
    throw new WorkshopError('HOST_LINK_LOST', 'This machine exists in a script only.');
  };
  return {
    links,
    open(target: HostTarget): ScriptedLink {
      let state = first;
      const listeners = new Set<(state: HostLinkState) => void>();
      const done: string[] = [];
      const answers: HostAnswer[] = [];
      const link: ScriptedLink = {
        target,
        done,
        answers,
        host: {
          label: target.name,
          exec: nothing,
          script: nothing,
          lines: nothing,
          files: {
            ...{ stat: nothing, read: nothing, write: nothing, upload: nothing },
            ...{ list: nothing, mkdir: nothing, rename: nothing, remove: nothing },
          },
        },
        get state() {
          return state;
        },
        onChange(listener) {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
        forward: nothing,
        connect: () => void done.push('connect'),
        disconnect: () => void done.push('disconnect'),
        async answer(_questionId, answer) {
          answers.push(answer);
        },
        async forgetHostKey(machine) {
          done.push(`forget host key of ${machine}`);
        },
        close: () => void done.push('close'),
        become(next) {
          state = next;
          for (const listener of [...listeners]) listener(next);
        },
      };
      links.set(target.id, link);
      return link;
    },
  };
}
