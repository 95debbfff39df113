/** `npm run check`: types, lint, import direction and cycles, unused code, generated files. All steps run; one fault fails. */
import { runStep } from './support/run-step.ts';

const steps: [name: string, command: string, ...args: string[]][] = [
  ['generated scripts are current', 'node', 'worker-agent/src/queue/scripts/generate.ts', '--check'],
  ['types', 'tsc', '-b'],
  ['lint and format', 'biome', 'check', '--error-on-warnings', '.'],
  [
    'import direction and cycles',
    ...['depcruise', '--config', 'test/dependency-rules.cjs'],
    ...['src-main', 'src-preload', 'src-renderer', 'worker-agent', 'resources', 'test'],
  ] as [string, string, ...string[]],
  ['unused files, exports and packages', 'knip', '--no-progress'],
];

const failed: string[] = [];
for (const [name, command, ...args] of steps) {
  console.log(`\n== ${name}`);
  if ((await runStep(command, args)) !== 0) failed.push(name);
}
console.log(failed.length === 0 ? '\ncheck: all green' : `\ncheck: failed: ${failed.join('; ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
