import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import {
  type EnvFile,
  envEntries,
  envValues,
  parseEnvText,
  printEnvFile,
} from '../../../worker-agent/src/contract/env-text.ts';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import type { EnvImportService } from '../../api/roles/workshops.ts';
import type { RemoteHost } from '../../connections/hosts/remote-host.ts';
import { AGENT_ROOTS, placesIn } from '../../domain/deploy/layout.ts';
import type { ImportDraft, ImportReceipt } from '../../domain/env-file/import-draft.ts';
import { type ImportPlan, planImport } from '../../domain/env-file/import-plan.ts';
import { reviewOf } from '../../domain/env-file/import-review.ts';
import { peoplesFolders } from '../../domain/env-file/peoples-folders.ts';
import type { ImportChoices, ImportFacts } from '../../domain/env-file/redis-address.ts';
import type { RedisProof } from '../../domain/env-file/redis-proof.ts';
import { askVps, portOf, type VpsAnswer } from './ask-vps.ts';
import { bindingOf, completionOf, correctionOf } from './env-edits.ts';
import { absolute, readIfThere, readText, replaceText } from './machine-files.ts';
import { proveRedis } from './prove-redis.ts';
import type { Completion, EnvEdit, ImportMachines } from './roles.ts';
import { ASK_ROOT, FIND_ENV_FILES } from './scripts.ts';

/** Imports that are kept in mind, each with its secrets; an older one must be read again. */
const DRAFTS_MAX = 4;
const LOOK_MS = 20_000;

interface Draft {
  id: string;
  source: string;
  askedVps: boolean;
  notice: string | null;
  /** Where it lies on the VPS, absolute; null when it came from elsewhere. */
  onVps: string | null;
  facts: ImportFacts;
  choices: ImportChoices;
  target: { hostId: string; host: RemoteHost; path: string; text: string | null } | null;
}

/**
 * Reads the VPS's .env, plans its import, writes it on a GPU host and proves it there. Secrets stay in here.
 * @param written called with the GPU host's id when the file stands where its agent is set up from.
 */
export function createEnvImport(
  machines: ImportMachines,
  written: (hostId: string) => Promise<void> = async () => {},
): EnvImport {
  const drafts = new Map<string, Draft>();

  const find = (id: string): Draft => {
    const draft = drafts.get(id);
    if (draft) return draft;
    throw new WorkshopError('NOT_FOUND', 'This import is not known any more.', {
      remedy: 'Read the .env of the VPS again.',
    });
  };
  /** Beside the agent, from where the deployment takes it. */
  const usualTarget = async (host: RemoteHost, hostId: string) => {
    const preferred = await machines.agentRoot(hostId);
    const { stdout: root } = await host.script(ASK_ROOT, [preferred], { timeoutMs: LOOK_MS });
    return placesIn(root).imported;
  };
  const findOnVps = async (): Promise<string[]> => {
    const said = await (await machines.vps()).script(FIND_ENV_FILES, [], { timeoutMs: LOOK_MS });
    return [...new Set(said.stdout.split('\n').filter((path) => path !== ''))].slice(0, 20);
  };
  const planOf = (draft: Draft): ImportPlan => planImport(draft.facts, draft.choices);
  const begin = (
    source: string,
    text: string,
    asked: VpsAnswer,
    onVps: string | null = null,
  ): ImportDraft => {
    const parsed = parseEnvText(text);
    if (envEntries(parsed).size === 0)
      throw new WorkshopError('BAD_INPUT', `${source} holds no KEY=value line.`, {
        remedy: 'Choose the .env of the platform on the VPS.',
      });
    const draft: Draft = {
      id: randomUUID(),
      source,
      askedVps: asked.asked,
      notice: asked.notice,
      onVps,
      facts: {
        ...{ source: parsed, existing: null, tailnetAddress: asked.tailnet, listensOn: asked.listensOn },
        ...{ outputs: asked.outputs, inputs: asked.inputs },
      },
      choices: { accepted: [], values: {} },
      target: null,
    };
    drafts.set(draft.id, draft);
    const [oldest] = drafts.keys();
    if (drafts.size > DRAFTS_MAX && oldest !== undefined) drafts.delete(oldest);
    return viewOf(draft);
  };
  const viewOf = (draft: Draft): ImportDraft => ({
    id: draft.id,
    source: draft.source,
    askedVps: draft.askedVps,
    notice: draft.notice,
    mendable:
      draft.onVps === null
        ? []
        : [
            'set-env-key',
            'open-folder',
            ...(draft.facts.tailnetAddress === null ? [] : (['open-redis'] as const)),
          ],
    review: reviewOf(planOf(draft)),
    target: draft.target && {
      hostId: draft.target.hostId,
      where: draft.target.host.label,
      path: draft.target.path,
      exists: draft.target.text !== null,
    },
  });

  return {
    /** .env files on the VPS that name a Redis password, likely ones first. */
    find: findOnVps,

    async readVps({ path }: { path: string }): Promise<ImportDraft> {
      const host = await machines.vps();
      const file = await absolute(host, path);
      const text = await readText(host, file);
      return begin(`${path} on ${host.label}`, text, await askVps(machines, text, posix.dirname(file)), file);
    },

    async readFile({ path }: { path: string }): Promise<ImportDraft> {
      const text = await readText(machines.local, await absolute(machines.local, path));
      return begin(`${path} on this computer`, text, await askVps(machines, text));
    },

    /** A file that was dropped on the window, or text that was pasted. */
    async readText({ text, name }: { text: string; name: string }): Promise<ImportDraft> {
      return begin(name, text, await askVps(machines, text));
    },

    /** Takes the person's decisions and plans anew. A new target is looked at for a file that stands there. */
    async choose(input: {
      id: string;
      accepted: string[];
      values: Record<string, string>;
      target: { hostId: string; path: string } | null;
    }): Promise<ImportDraft> {
      const draft = find(input.id);
      draft.choices = {
        accepted: input.accepted,
        // A secret that was entered is sent once; an empty text keeps it.
        values: { ...draft.choices.values, ...withoutEmpty(input.values) },
      };
      if (input.target === null) {
        draft.target = null;
        draft.facts = { ...draft.facts, existing: null };
      } else {
        const host = await machines.gpuHost(input.target.hostId);
        const path = input.target.path
          ? await absolute(host, input.target.path)
          : await usualTarget(host, input.target.hostId);
        const text = await readIfThere(host, path);
        draft.target = { hostId: input.target.hostId, host, path, text };
        draft.facts = { ...draft.facts, existing: text === null ? null : parseEnvText(text) };
      }
      return viewOf(draft);
    },

    /** One value in clear, because a person asked to see it. */
    async reveal(input: {
      id: string;
      key: string;
      of: 'source' | 'target' | 'before';
    }): Promise<{ value: string }> {
      const draft = find(input.id);
      const file: EnvFile | null =
        input.of === 'source'
          ? draft.facts.source
          : input.of === 'before'
            ? draft.facts.existing
            : planOf(draft).result;
      const value = file ? envEntries(file).get(input.key)?.value : undefined;
      if (value === undefined) throw new WorkshopError('NOT_FOUND', `There is no ${input.key} in it.`);
      return { value };
    },

    /** Writes the planned file, readable by its owner only; what stood there is kept under a dated name. */
    async write({ id }: { id: string }): Promise<ImportReceipt> {
      const draft = find(id);
      const { target } = draft;
      const plan = planOf(draft);
      if (!target)
        throw new WorkshopError('WRONG_STATE', 'No GPU host is chosen yet.', {
          remedy: 'Choose where the file goes.',
        });
      if (!plan.ready)
        throw new WorkshopError('WRONG_STATE', 'There are problems that must be solved first.', {
          remedy: 'Take the fixes above, or enter what is missing.',
        });
      const { host, path } = target;
      const standing = await readIfThere(host, path);
      if (standing !== target.text) {
        target.text = standing;
        draft.facts = { ...draft.facts, existing: standing === null ? null : parseEnvText(standing) };
        throw new WorkshopError('CONFLICT', `${path} on ${host.label} changed since it was looked at.`, {
          remedy: 'Look at the differences again, then write.',
        });
      }
      const text = printEnvFile(plan.result);
      const backup = await replaceText(host, path, standing, text);
      target.text = text;
      draft.facts = { ...draft.facts, existing: parseEnvText(text) };
      if (path === (await usualTarget(host, target.hostId))) await written(target.hostId);
      const changed = plan.changes.filter(({ kind }) => kind !== 'same').length;
      return { where: host.label, path, bytes: Buffer.byteLength(text), backup, changed };
    },

    /** Talks to Redis from the GPU host itself, with what the file says: PING and the round trip of a test key. */
    async prove({ id }: { id: string }): Promise<RedisProof> {
      const draft = find(id);
      const { redis } = planOf(draft);
      if (!draft.target || !redis)
        throw new WorkshopError('WRONG_STATE', 'Neither host nor address are known yet.', {
          remedy: 'Choose a GPU host and give the address of Redis.',
        });
      return proveRedis(draft.target.host, redis);
    },

    link(id) {
      const { redis } = planOf(find(id));
      if (redis) return redis;
      throw new WorkshopError('WRONG_STATE', 'The address of Redis is not known yet.', {
        remedy: 'Give the tailnet address of the VPS in the review.',
      });
    },

    platform(id) {
      const { onVps, facts } = find(id);
      if (onVps === null || facts.tailnetAddress === null) return null;
      const [address, port] = [facts.tailnetAddress, portOf(envEntries(facts.source))];
      return { address, port, edit: bindingOf(onVps, facts.source, address) };
    },

    correction(id, key) {
      const { onVps, facts } = find(id);
      return onVps === null ? null : correctionOf(onVps, facts.source, key);
    },

    folder(id, key) {
      const { onVps, facts } = find(id);
      const named = peoplesFolders(facts).find((one) => one.key === key)?.named;
      const told = named === undefined ? '' : (envEntries(facts.source).get(named)?.value ?? '');
      // Compose would put something in the place of a $, and ~ is whose home?
      if (onVps === null || told === '' || /^~|\$/.test(told)) return null;
      return posix.resolve(posix.dirname(onVps), told);
    },

    async completion(hostId) {
      const [host, vps] = await Promise.all([machines.gpuHost(hostId), machines.vps()]);
      return completionOf({
        ...{ host, vps, machines },
        path: await usualTarget(host, hostId),
        files: await findOnVps(),
      });
    },

    async lookAgain(id) {
      const draft = find(id);
      if (draft.onVps === null) return;
      const text = await readText(await machines.vps(), draft.onVps);
      const asked = await askVps(machines, text, posix.dirname(draft.onVps));
      draft.facts = {
        ...draft.facts,
        ...{ source: parseEnvText(text), tailnetAddress: asked.tailnet, listensOn: asked.listensOn },
        ...{ outputs: asked.outputs, inputs: asked.inputs },
      };
    },

    async imported(host) {
      for (const root of AGENT_ROOTS) {
        const text = await readIfThere(host, await absolute(host, placesIn(root).imported));
        if (text === null) continue;
        return envValues(text);
      }
      return null;
    },
  };
}

export interface EnvImport extends EnvImportService {
  /** What was imported to a GPU host, at the usual place; null when nothing was. */
  imported(host: RemoteHost): Promise<Record<string, string> | null>;
  /** How the GPU host reaches Redis by a draft, for the console's own link. Holds the password. */
  link(id: string): NonNullable<ImportPlan['redis']>;
  /** Where Redis should listen on a draft's VPS, and its .env so that it does; null when that is not known. */
  platform(id: string): { address: string; port: string; edit: EnvEdit } | null;
  /** A draft's .env on the VPS with one key as it should be; null where its place or the right value is not known. */
  correction(id: string, key: string): EnvEdit | null;
  /** Where a folder of participants should be on the VPS, absolute; null where that is not known. */
  folder(id: string, key: string): string | null;
  /** What is missing of an earlier import to a GPU host. @throws WorkshopError. */
  completion(hostId: string): Promise<Completion>;
  /** Reads the VPS's .env anew, where Redis listens and where the folders are; decisions stay. */
  lookAgain(id: string): Promise<void>;
}

const withoutEmpty = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
