import { useQueryClient } from '@tanstack/react-query';
import type {
  AdoptReceipt,
  ErrorInfo,
  ImportDraft,
  ImportReceipt,
  RedisProof,
  RedisSettings,
  WorkshopProfile,
  WorkshopsView,
} from '../../src-main/api/types.ts';
import { sayDone, sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';
import { useNameQuery } from './name-query.ts';
import { saveAs } from './save-as.ts';

/** What the host sets up: workshops, their machines, and the .env on its way to a GPU host. */

const KEY = 'workshops';

/** The saved workshops; undefined until they are known. */
export function useWorkshops(): WorkshopsView | undefined {
  return useNameQuery(KEY, (client) => client.workshops.view.query());
}

function useRefresh(): () => void {
  const queries = useQueryClient();
  return () => void queries.invalidateQueries({ queryKey: [KEY] });
}

export function useSaveWorkshop(done?: (profile: WorkshopProfile) => void) {
  const refresh = useRefresh();
  return useVerb<{ profile: WorkshopProfile; password?: string | null }, void>({
    run: (client, input) => client.workshops.save.mutate(input),
    done: (_, { profile }) => {
      refresh();
      done?.(profile);
    },
    failed: (error, again) => sayFailed('The workshop was not saved', error, again),
  });
}

/** A workshop of which only the name is known. */
export function freshProfile(name: string): WorkshopProfile {
  return {
    ...{ id: crypto.randomUUID(), name, redis: null, vps: null, gpuHosts: [], guardMiB: null },
    wording: { people: 'people' },
  };
}

/** Keeps a Redis that this computer does not reach by itself, to be reached through the VPS once its login is known. */
export function useKeepForVps(done: () => void) {
  const refresh = useRefresh();
  return useVerb<RedisSettings & { name: string }, void>({
    async run({ workshops }, { name, host, port, tls, password }) {
      const profile = { ...freshProfile(name), redis: { host, port, tls, through: 'vps' as const } };
      await workshops.save.mutate({ profile, password });
      await workshops.turnTo.mutate({ id: profile.id });
    },
    done() {
      refresh();
      done();
    },
    failed: (error, again) => sayFailed('The workshop was not saved', error, again),
  });
}

/** Turns the console to a workshop; `asks` is called when its password must be entered first. */
export function useTurnTo(asks: (id: string) => void) {
  const refresh = useRefresh();
  return useVerb<{ id: string; name: string; password?: string }, void>({
    run: (client, { id, password }) => client.workshops.turnTo.mutate({ id, password }),
    done: (_, { name }) => {
      refresh();
      sayDone(`This console now watches ${name}.`, undefined, 'workshops');
    },
    failed: (error, again, { id }) => {
      if (error.code === 'SECRET_NEEDED') asks(id);
      else sayFailed('The workshop was not opened', error, again);
    },
  });
}

export function useRemoveWorkshop() {
  const refresh = useRefresh();
  return useVerb<{ id: string }, void>({
    run: (client, input) => client.workshops.remove.mutate(input),
    done: refresh,
    failed: (error, again) => sayFailed('The workshop was not removed', error, again),
  });
}

/** Hands the workshop over as a file that holds no secret. */
export function useExportWorkshop() {
  return useVerb<{ id: string }, { fileName: string; text: string }>({
    run: (client, input) => client.workshops.exportFile.mutate(input),
    done: ({ fileName, text }) => {
      saveAs(fileName, new Blob([text], { type: 'application/json' }));
      sayDone(`${fileName} holds addresses and names, no password and no key.`);
    },
    failed: (error, again) => sayFailed('The workshop was not exported', error, again),
  });
}

export function useImportWorkshop() {
  const refresh = useRefresh();
  return useVerb<{ text: string }, { id: string; name: string }>({
    run: (client, input) => client.workshops.importFile.mutate(input),
    done: ({ name }) => {
      refresh();
      sayDone(`${name} is among your workshops now.`);
    },
    failed: (error, again) => sayFailed('The workshop was not imported', error, again),
  });
}

export function useKeepInFile() {
  const refresh = useRefresh();
  return useVerb<{ inFile: boolean }, void>({
    run: (client, input) => client.workshops.keepInFile.mutate(input),
    done: refresh,
    failed: (error, again) => sayFailed('The choice was not kept', error, again),
  });
}

/** Where a .env is read from. */
export type EnvSource = { from: 'vps' | 'file'; path: string } | { from: 'text'; name: string; text: string };

export function useReadEnv(done: (draft: ImportDraft) => void, failed: (error: ErrorInfo) => void) {
  return useVerb<EnvSource, ImportDraft>({
    run: ({ envImport }, source) => {
      if (source.from === 'text') return envImport.readText.mutate({ text: source.text, name: source.name });
      return (source.from === 'vps' ? envImport.readVps : envImport.readFile).mutate({ path: source.path });
    },
    done,
    failed,
  });
}

export function useFindEnv() {
  return useVerb<void, string[]>({
    run: (client) => client.envImport.find.mutate(),
    failed: (error, again) => sayFailed('The VPS was not searched', error, again),
  });
}

export interface EnvChoices {
  id: string;
  accepted: string[];
  values: Record<string, string>;
  target: { hostId: string; path: string } | null;
}

export function useChooseEnv(done: (draft: ImportDraft) => void) {
  return useVerb<EnvChoices, ImportDraft>({
    run: (client, input) => client.envImport.choose.mutate(input),
    done,
    failed: (error, again) => sayFailed('The plan was not changed', error, again),
  });
}

/** One value in clear; it lives as long as the part of the page that shows it. */
export function useReveal() {
  return useVerb<{ id: string; key: string; of: 'source' | 'target' | 'before' }, { value: string }>({
    run: (client, input) => client.envImport.reveal.mutate(input),
    failed: (error, again) => sayFailed('The value cannot be shown', error, again),
  });
}

export function useWriteEnv(done: (receipt: ImportReceipt) => void) {
  return useVerb<{ id: string }, ImportReceipt>({
    run: (client, input) => client.envImport.write.mutate(input),
    done,
    failed: (error, again) => sayFailed('The file was not written', error, again),
  });
}

export function useProveRedis(done: (proof: RedisProof) => void) {
  return useVerb<{ id: string }, RedisProof>({
    run: (client, input) => client.envImport.prove.mutate(input),
    done,
    failed: (error, again) => sayFailed('Redis was not tested', error, again),
  });
}

/** Gives this console its own link to the Redis of an import. */
export function useAdoptImport() {
  const refresh = useRefresh();
  return useVerb<{ draftId: string; id: string }, AdoptReceipt>({
    run: (client, input) => client.workshops.adoptImport.mutate(input),
    done: ({ through, instead }) => {
      refresh();
      const way = through === 'vps' ? 'through the VPS, over SSH' : 'directly';
      sayDone(
        instead === null
          ? 'This console is connected to the workshop.'
          : `This console is connected to the workshop, ${way}. The other way does not work: ${instead}`,
        undefined,
        'workshops',
      );
    },
    failed: (error, again) => sayFailed('This console did not reach Redis', error, again),
  });
}
