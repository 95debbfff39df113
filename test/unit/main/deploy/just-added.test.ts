import { expect, test } from 'vitest';
import { consoleRun } from '../../../../src-main/connections/console-run.ts';
import { createDeployService } from '../../../../src-main/services/deploy/deploy-service.ts';
import type { DeployTarget } from '../../../../src-main/services/deploy/roles.ts';

const ADDED: DeployTarget = { id: 'gpu', name: 'Rented H100', hostId: 'gpu', where: 'root@gpu' };
const unused = async () => {
  throw new Error('nothing is done to a machine here');
};

/** The list of machines is read every two seconds; this one was added since. */
function service() {
  let read: DeployTarget[] = [];
  return createDeployService({
    targets: {
      list: () => read,
      refresh: async () => {
        read = [ADDED];
      },
      onChange: () => () => {},
      open: unused,
      vps: async () => null,
      configuration: async () => ({}),
    },
    bundle: unused,
    choices: { load: async () => ({}), save: async () => {} },
    ear: { heard: () => null, workersElsewhere: () => [], deaf: () => null },
    by: () => 'Anna',
    run: consoleRun('one'),
    claimPrefix: async () => null,
    runs: { load: async () => ({}), save: async () => {} },
    teller: () => () => {},
    nodeMirror: 'http://127.0.0.1:9/dist',
  });
}

test('an import to a machine that was added a moment ago is remembered', async () => {
  const keeper = service();
  await keeper.imported('gpu');
  const stop = new AbortController();
  for await (const views of keeper.changes(stop.signal)) {
    expect(views).toMatchObject([{ targetId: 'gpu', imported: true }]);
    stop.abort();
  }
  keeper.close();
});

test('such a machine can be looked over at once; one that is not there is refused by name', async () => {
  const keeper = service();
  await keeper.look({ targetId: 'gpu', skip: [] });
  await expect(keeper.look({ targetId: 'other', skip: [] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  keeper.close();
});
