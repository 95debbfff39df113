/**
 * `npm test`: makes sure that the system packages are there, builds what the end-to-end tests open, runs every
 * project. Arguments go on to vitest, e.g. `npm test -- --project unit`.
 */
import { resolve } from 'node:path';
import { ensureSystemPackages } from '../resources/demo/system-packages.ts';
import { root, runStep } from './support/run-step.ts';

const args = process.argv.slice(2);
const selected = args.flatMap((arg, at) => (arg === '--project' ? [args[at + 1]] : []));
const only = (...names: string[]) =>
  selected.length > 0 && selected.every((name) => names.includes(name ?? ''));

if (!only('unit')) {
  // All at once: two tests that each install what they miss would lock each other out.
  ensureSystemPackages(['redis-server', 'openssh-server', 'chromium', 'docker.io', 'docker-compose']);
  if (process.getuid?.() === 0) ensureSystemPackages(['sudo', 'iproute2']);
  const built = await runStep('npm', ['run', '--silent', 'build']);
  if (built !== 0) process.exit(built);
  process.env.TEST_BUILT_RENDERER = resolve(root, 'out/renderer');
}
process.exitCode = await runStep('vitest', [
  ...['run', '--config', 'test/vitest.config.ts'],
  ...['--reporter', 'default', '--reporter', './test/support/count-reporter.ts'],
  ...args,
]);
