/**
 * `node guardian.ts FOLDER`: waits until the demo that started it is gone, however it went, then ends every process
 * that names its folder and removes the folder. After a clean end there is nothing left to do.
 */
import { rmSync } from 'node:fs';
import { endProcessesNaming } from './own-processes.ts';

const folder = process.argv[2];
if (!folder?.includes('workshop-demo-')) process.exit(2);

process.stdin.resume();
process.stdin.once('close', () => {
  void endProcessesNaming(folder, 5000).then(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    process.exit();
  });
});
