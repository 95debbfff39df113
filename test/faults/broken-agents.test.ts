import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../support/run-step.ts';
import { runStorm } from './storm.ts';

/**
 * The judge must be able to find a bad agent. These agents are the real bundle with one promise taken out of its Lua
 * scripts; a storm that the real one weathers must show each of them up.
 */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'workshop-broken-'));
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

async function brokenAgent(name: string, cuts: readonly [what: string, instead: string][]): Promise<string> {
  let text = await readFile(resolve(root, 'worker-agent/dist/worker-agent.mjs'), 'utf8');
  for (const [what, instead] of cuts) {
    expect(text, `the bundle no longer holds ${what}`).toContain(what);
    text = text.replaceAll(what, instead);
  }
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, text);
  return file;
}

test('an agent without fencing is caught: frozen past its lease, it ends jobs that others have ended', async () => {
  const agent = await brokenAgent('no-fencing', [
    [`if claim[1] ~= token and (stored or ARGV[6] ~= '1') then return { 'fenced' } end`, ''],
    [`if not guard_holds(job_key, 7) then return { 'changed' } end`, ''],
    [`if known[1] ~= token then return 'lost' end`, ''],
    [`if redis.call('HGET', claim, 'token') ~= ARGV[2] then return 'fenced' end`, ''],
  ]);
  const problems: string[] = [];
  const endedTwice = /counter says|stands in|workflow text|ended as|no longer JSON/;
  // Whether a freeze hits a job in its last step is chance: up to four storms are given the chance.
  for (let seed = 11; seed < 15 && !endedTwice.test(problems.join('\n')); seed += 1) {
    const report = await runStorm({
      ...{ seed, jobs: 60, agent, faults: ['freeze-agent'], faultRate: 3, settleWithinMs: 15_000 },
      ...{ frozenForLeases: 2.5, slowJobs: true },
    });
    problems.push(...report.problems);
    await rm(report.folder, { recursive: true, force: true, maxRetries: 5 });
  }
  expect(problems.join('\n')).toMatch(endedTwice);
}, 240_000);

test('an agent without recovery is caught: what it had in hand when it was killed stays behind', async () => {
  const agent = await brokenAgent('no-recovery', [
    // Nobody finds a claim that was left behind: neither the agent itself after its restart, nor the rescuer.
    [`local members = redis.call('ZRANGE', 'queue:running', 0, -1, 'WITHSCORES')`, 'local members = {}'],
    [`say(token and token ~= '' and 'expired' or 'unclaimed', id)`, ''],
  ]);
  const problems: string[] = [];
  const leftBehind = /queue:running still holds/;
  // Whether a kill hits a job in hand is chance, too.
  for (let seed = 12; seed < 16 && !leftBehind.test(problems.join('\n')); seed += 1) {
    const report = await runStorm({
      ...{ seed, jobs: 60, agent, faults: ['kill-agent'], faultRate: 3, settleWithinMs: 15_000 },
      slowJobs: true,
    });
    problems.push(...report.problems);
    await rm(report.folder, { recursive: true, force: true, maxRetries: 5 });
  }
  expect(problems.join('\n')).toMatch(leftBehind);
}, 240_000);
