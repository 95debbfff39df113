import { afterAll, describe, expect, test } from 'vitest';
import { runStorm, type StormReport } from './storm.ts';

/**
 * Short form by default; the long form is
 * `STORM_SEEDS=20 STORM_JOBS=1000 npm run test:faults`. `STORM_SEED=n` runs one printed seed again.
 */
const only = process.env.STORM_SEED;
const first = only ? Number(only) : Number(process.env.STORM_FIRST_SEED ?? 1);
const seeds = Array.from({ length: only ? 1 : Number(process.env.STORM_SEEDS ?? 2) }, (_, at) => first + at);
const jobs = Number(process.env.STORM_JOBS ?? 80);

const reports: StormReport[] = [];

describe('storms: whatever dies, every job ends exactly once', () => {
  test.each(seeds)('seed %i', { timeout: 60_000 + jobs * 1_000 }, async (seed) => {
    const report = await runStorm({ seed, jobs });
    reports.push(report);
    for (const problem of report.problems) console.log(`seed ${seed}: ${problem}`);
    expect(report.problems, `STORM_SEED=${seed}; logs in ${report.folder}`).toEqual([]);
    expect(report.completed + report.failed + report.cancelled + report.deleted + report.forgotten).toBe(
      jobs,
    );
  });

  afterAll(() => {
    for (const { problems, folder: _, ...figures } of reports)
      console.log(`storm ${JSON.stringify({ ...figures, problems: problems.length })}`);
  });
});
