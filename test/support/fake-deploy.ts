import type { DeployService } from '../../src-main/api/roles/machines.ts';
import type { DeployView } from '../../src-main/domain/deploy/deploy-view.ts';

/** Deploying by script: shows what it is told to show and writes down what it is asked. */
export class FakeDeploy implements DeployService {
  readonly calls: { verb: string; input: unknown }[] = [];
  #views: DeployView[] = [];
  #wakers = new Set<() => void>();

  show(views: DeployView[]): void {
    this.#views = views;
    for (const wake of this.#wakers) wake();
  }

  async *changes(signal: AbortSignal): AsyncGenerator<DeployView[]> {
    while (!signal.aborted) {
      yield this.#views;
      await new Promise<void>((done) => {
        this.#wakers.add(done);
        signal.addEventListener('abort', () => done());
      });
    }
  }

  async look(input: unknown): Promise<void> {
    this.calls.push({ verb: 'look', input });
  }
  async start(input: unknown): Promise<void> {
    this.calls.push({ verb: 'start', input });
  }
  async choose(input: unknown): Promise<void> {
    this.calls.push({ verb: 'choose', input });
  }
  async stop(input: unknown): Promise<void> {
    this.calls.push({ verb: 'stop', input });
  }
}
