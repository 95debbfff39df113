/** Writes a history as fast as it can and says after each block what is saved; made to be killed. Arguments: folder. */
import { openHistoryLog } from '../../../src-main/connections/store/history-log.ts';
import { endedJob, sampleAt } from '../../support/history-day.ts';

const dir = process.argv[2];
if (dir === undefined) throw new Error('the folder is missing');
const log = openHistoryLog(dir, 'workshop:6379');
const midnight = new Date().setHours(0, 0, 0, 0);
const run = process.pid;
for (let block = 0; ; block += 1) {
  const jobs = Array.from({ length: 40 }, (_, at) =>
    endedJob(midnight, block, { id: `${run}/${block}/${at}`, error: 'x'.repeat((block * 37 + at) % 400) }),
  );
  await log.append([...jobs, sampleAt(midnight + block, 1, 1)], Date.now());
  process.stdout.write(`${run}/${block}\n`);
}
