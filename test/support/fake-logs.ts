import type { LogsService } from '../../src-main/api/roles/machines.ts';
import type {
  LogLine,
  LogMachine,
  LogMessage,
  LogSource,
  TailState,
} from '../../src-main/domain/logs/log-line.ts';
import type { WorkshopError } from '../../worker-agent/src/contract/errors.ts';

/** Logs as main would hand them to a page, written by a test. */
export class FakeLogs implements LogsService {
  list: LogMachine[] = [{ id: 'gpu-1', name: 'GPU host' }];
  found: LogSource[] = [];
  /** Thrown instead of `found`. */
  trouble: WorkshopError | null = null;
  /** Sources that pages follow now. */
  readonly followed: string[] = [];
  #readers = new Set<(message: LogMessage) => void>();
  #state: TailState = { kind: 'live', since: Date.now() };
  #lines: LogLine[] = [];
  #tail = 'tail-1';
  #next = 0;

  machines = async () => this.list;

  sources = async () => {
    if (this.trouble) throw this.trouble;
    return this.found;
  };

  async *follow({ sourceId }: { sourceId: string }, signal: AbortSignal): AsyncGenerator<LogMessage> {
    const waiting: LogMessage[] = [{ tail: this.#tail, state: this.#state, lines: this.#lines }];
    let wake = () => {};
    const reader = (message: LogMessage) => {
      waiting.push(message);
      wake();
    };
    this.#readers.add(reader);
    this.followed.push(sourceId);
    try {
      while (!signal.aborted) {
        const message = waiting.shift();
        if (message) yield message;
        else
          await new Promise<void>((done) => {
            wake = done;
            signal.addEventListener('abort', () => done(), { once: true });
          });
      }
    } finally {
      this.#readers.delete(reader);
      this.followed.splice(this.followed.indexOf(sourceId), 1);
    }
  }

  /** Another log, or none: pages that follow begin anew. */
  begin(): void {
    this.#tail = `tail-${crypto.randomUUID()}`;
    this.#lines = [];
    this.#next = 0;
    this.#tell([]);
  }

  write(lines: readonly Partial<LogLine>[], skipped = 0): void {
    this.#next += skipped;
    const whole = lines.map((line) => ({
      ...{ seq: this.#next++, at: Date.now(), came: false, level: 'info' as const },
      ...{ text: '', cut: 0, hidden: 0 },
      ...line,
    }));
    this.#lines = [...this.#lines, ...whole].slice(-20_000);
    this.#tell(whole);
  }

  become(state: TailState): void {
    this.#state = state;
    this.#tell([]);
  }

  #tell(lines: LogLine[]): void {
    for (const reader of this.#readers) reader({ tail: this.#tail, state: this.#state, lines });
  }
}
