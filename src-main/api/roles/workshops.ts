import type { ImportDraft, ImportReceipt } from '../../domain/env-file/import-draft.ts';
import type { RedisProof } from '../../domain/env-file/redis-proof.ts';
import type { WorkshopProfile, WorkshopsView } from '../../domain/workshops/profile.ts';

/** First run and link settings. Secrets go in, never out. */
export interface SettingsService {
  connect(input: RedisSettings & { name: string }): Promise<void>;
  /** Forgets the link and returns to the first-run state. */
  disconnect(): Promise<void>;
  reconnectNow(): Promise<void>;
  /**
   * Another password for the Redis that is watched; it takes the old one's place only once Redis has taken it.
   * @param input.keep also beyond this process, where this computer has a place for it.
   * @throws WorkshopError REDIS_AUTH for a wrong one, REDIS_UNREACHABLE when it could not be tried, WRONG_STATE before a
   * workshop is set up, CONFLICT when the console was turned to another one meanwhile.
   */
  enterPassword(input: { password: string; keep: boolean }): Promise<void>;
}

export interface RedisSettings {
  /** `vps`: over the SSH link of the VPS. Absent means direct. */
  through?: 'direct' | 'vps' | undefined;
  host: string;
  port: number;
  password: string | null;
  tls: boolean;
}

/**
 * The import of the VPS's .env to a GPU host. Secrets go in and stay in main; only `reveal` gives one out.
 * All methods @throw WorkshopError.
 */
export interface EnvImportService {
  /** .env files on the VPS, likely ones first. */
  find(): Promise<string[]>;
  readVps(input: { path: string }): Promise<ImportDraft>;
  readFile(input: { path: string }): Promise<ImportDraft>;
  readText(input: { text: string; name: string }): Promise<ImportDraft>;
  /** Takes decisions and plans anew. Values stay as entered until they are replaced. */
  choose(input: {
    id: string;
    accepted: string[];
    values: Record<string, string>;
    target: { hostId: string; path: string } | null;
  }): Promise<ImportDraft>;
  reveal(input: { id: string; key: string; of: 'source' | 'target' | 'before' }): Promise<{ value: string }>;
  write(input: { id: string }): Promise<ImportReceipt>;
  /** Talks to Redis from the GPU host itself. */
  prove(input: { id: string }): Promise<RedisProof>;
}

/** The saved workshops. All methods @throw WorkshopError. */
export interface WorkshopsService {
  view(): Promise<WorkshopsView>;
  /** Adds or replaces one. @param password undefined keeps what is kept, null says that there is none. */
  save(input: { profile: WorkshopProfile; password?: string | null | undefined }): Promise<void>;
  /** @throws WorkshopError SECRET_NEEDED when its password must be entered first. */
  turnTo(input: { id: string; password?: string | undefined }): Promise<void>;
  remove(input: { id: string }): Promise<void>;
  /** A file without secrets. */
  exportFile(input: { id: string }): Promise<{ fileName: string; text: string }>;
  importFile(input: { text: string }): Promise<{ id: string; name: string }>;
  keepInFile(input: { inFile: boolean }): Promise<void>;
  /**
   * Connects this console to the Redis that an import names, as the workshop's own link: on the way that is chosen
   * (directly before one is), and where Redis cannot be reached on it, on the other.
   */
  adoptImport(input: { draftId: string; id: string }): Promise<AdoptReceipt>;
}

/** Which way to Redis was taken and kept. `instead`: why the other one could not be; null when it was not tried. */
export interface AdoptReceipt {
  through: 'direct' | 'vps';
  instead: string | null;
}

/** `absent`: the project's sources are not there. `no-redis`: they are, and redis-server is not. */
export interface DemoView {
  state: 'absent' | 'no-redis' | 'ready' | 'starting' | 'open';
}

/** A workshop to look around in, on this computer, without any risk. */
export interface DemoService {
  view(): Promise<DemoView>;
  /** Starts it and turns the console to it; resolves when it stands. @throws WorkshopError. */
  start(): Promise<void>;
  /** Turns back to where the person was, and ends it. */
  leave(): Promise<void>;
}
