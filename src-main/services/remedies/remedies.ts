import { toWorkshopError, WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { RemediesService, RemedyInput } from '../../api/roles/machines.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { cutLines } from '../../domain/cut-lines.ts';
import { TAILSCALE_LOGIN_S } from '../../domain/deploy/install-commands.ts';
import { loginLinkIn } from '../../domain/outside-link.ts';
import type { RemedyPlan, RemedyResult } from '../../domain/remedies/remedy.ts';
import { type Machine, onMachine } from '../deploy/machine.ts';
import type { EnvImport } from '../env-import/env-import.ts';
import type { Tell } from '../teller.ts';
import type { Cure, CureFacts, Seen } from './cure.ts';
import { startDocker, stopPlatformWorker } from './docker-cures.ts';
import { completeImport, openRedis, setEnvKey } from './env-cures.ts';
import { openFolder } from './folder-cure.ts';
import { lookAt } from './look.ts';
import { installSshClient, readJournal, syncClock } from './system-cures.ts';
import { installTailscale, joinTailnet, renewTailnetKey, startTailscale } from './tailnet-cures.ts';

export interface RemedyNeeds {
  /** A machine of the current workshop. @throws WorkshopError. */
  host(id: string): Promise<RemoteHost>;
  /** What imports know of the platform's .env. */
  env: Pick<EnvImport, 'platform' | 'correction' | 'folder' | 'completion'>;
  /** Where a GPU host's finished files should go on the VPS; null while that is not known. */
  outputs(targetId: string): string | null;
  /** Something changed on a machine; what is known of it is looked up anew. */
  mended(input: RemedyInput): Promise<void>;
  /** Tells the hosts of the present workshop, from now on. */
  teller(): Tell;
}

/** A container may take its time to stop, and an image of Redis to be fetched, ms. */
const PATIENCE_MS = 120_000;

/** Mends what otherwise were a sentence to type in a terminal: looks, shows, and does exactly what was shown. */
export function createRemedies(needs: RemedyNeeds): RemediesService {
  const prepare = async (input: RemedyInput) => {
    const host = await needs.host(input.machineId);
    const seen = await lookAt(host);
    return { host, seen, cure: await cureOf(input, { host, where: host.label, seen }, needs) };
  };
  return {
    async plan(input) {
      const { seen, cure } = await prepare(input);
      return planOf(input, cure, seen);
    },

    async carryOut({ sudoPassword, commands, ...input }) {
      const { host, seen, cure } = await prepare(input);
      if (JSON.stringify(cure.commands) !== JSON.stringify(commands))
        throw new WorkshopError('CONFLICT', `What is to be done on ${host.label} has changed.`, {
          remedy: 'Look at the commands again, then press.',
        });
      const able = onMachine(host, {
        ...{ sudo: seen.sudo, password: sudoPassword, work: null },
        signal: new AbortController().signal,
      });
      const tell = needs.teller();
      tell(`“${cure.title}” was begun.`);
      const begun = begin(able, cure);
      begun.ended.then(
        ({ sentence }) => tell(`“${cure.title}” is done. ${sentence}`),
        (cause: unknown) => tell(`“${cure.title}” failed. ${toWorkshopError(cause).message}`),
      );
      const after = () => needs.mended(input).catch(() => {});
      // What waits for a login goes on by itself; whether it came is seen at the machine.
      void begun.ended.then(after, after);
      const result = await begun.first;
      if (result.kind === 'done') await after();
      return result;
    },
  };
}

/** `first`: the result, or the login that it waits for. */
function begin(
  machine: Machine,
  cure: Cure,
): { first: Promise<RemedyResult>; ended: Promise<Extract<RemedyResult, { kind: 'done' }>> } {
  let asks: (url: string) => void = () => {};
  const login = new Promise<RemedyResult>((resolve) => {
    asks = (url) =>
      resolve({ kind: 'login', url, sentence: `${capital(machine.host.label)} waits for your login.` });
  });
  const hear = (line: string) => {
    const link = loginLinkIn(line);
    if (link !== null) asks(link);
  };
  const [out, err] = [cutLines(hear), cutLines(hear)];
  const heard = {
    timeoutMs: PATIENCE_MS + TAILSCALE_LOGIN_S * 1000,
    ...{ onStdout: out.take, onStderr: err.take },
  };
  const run = cure.asRoot ? machine.runAsRoot : machine.run;
  const ended = cure
    .carryOut((script, args, options) => run(script, args, { ...heard, ...options }), machine)
    .then((sentence) => ({ kind: 'done' as const, sentence }));
  return { first: Promise.race([ended, login]), ended };
}

function planOf({ remedy }: RemedyInput, cure: Cure, { sudo }: Seen): RemedyPlan {
  const { title, hits, commands, asRoot } = cure;
  const wantsPassword = asRoot && sudo === 'password' && commands.length > 0;
  const able = !asRoot || sudo !== 'none';
  return { remedy, title, hits, commands, asRoot, wantsPassword, able };
}

async function cureOf(
  { remedy, machineId, draftId, subject }: RemedyInput,
  facts: CureFacts,
  { env, outputs }: RemedyNeeds,
): Promise<Cure> {
  switch (remedy) {
    case 'start-docker':
      return startDocker(facts);
    case 'stop-platform-worker':
      return stopPlatformWorker(facts);
    case 'install-tailscale':
      return installTailscale(facts);
    case 'start-tailscale':
      return startTailscale(facts);
    case 'join-tailnet':
      return joinTailnet(facts);
    case 'renew-tailnet-key':
      return renewTailnetKey(facts);
    case 'read-journal':
      return readJournal(facts);
    case 'install-ssh-client':
      return installSshClient(facts);
    case 'sync-clock':
      return syncClock(facts);
    case 'open-redis':
      return openRedis(facts, draftId === null ? null : env.platform(draftId));
    case 'set-env-key': {
      const edit = draftId === null || subject === null ? null : env.correction(draftId, subject);
      if (edit) return setEnvKey(facts, edit);
      throw new WorkshopError('WRONG_STATE', 'There is nothing to correct in the .env of the VPS any more.', {
        remedy: 'Read it again.',
      });
    }
    case 'open-folder': {
      const folder = draftId === null ? outputs(subject ?? '') : env.folder(draftId, subject ?? '');
      return openFolder(facts, folder);
    }
    case 'complete-import':
      return completeImport(facts, await env.completion(machineId));
  }
}

const capital = (text: string) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
