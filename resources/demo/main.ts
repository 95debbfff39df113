/**
 * `npm run demo`: a whole workshop on this machine, without a GPU: a private Redis, the real worker-agent on doubles of
 * ComfyUI and nvidia-smi, twenty simulated participants, and the console on top.
 */
import { parseArgs } from 'node:util';
import type { ConsoleProcess } from './console-process.ts';
import { chooseShell, openConsole } from './console-process.ts';
import { formatSummary, isFlawless, waitUntilSettled } from './demo-run.ts';
import { type DemoWorkshop, startDemoWorkshop } from './demo-workshop.ts';
import { type StatusLine, startStatusLine } from './status-line.ts';
import { ensureSystemPackages } from './system-packages.ts';

const HELP = `npm run demo -- [options]
  --seed N              another day of the same workshop (default 1)
  --speed X             times faster than life (default 1)
  --users N             simulated participants (default 20)
  --workers N           workers at the start (default 2)
  --gpus N              fictional H100 cards (default 1)
  --exit-after-jobs N   stop after N submitted jobs are settled; exit code 1 if one is lost or settled twice
  --port N              port of the console in the browser (default: any)
  --no-open             print the console's link, open nothing
  --headless            no console at all
  --for-console         for a console that is there: prints its Redis as JSON, ends with its standard input`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    speed: { type: 'string', default: '1' },
    users: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    gpus: { type: 'string', default: '1' },
    'exit-after-jobs': { type: 'string' },
    port: { type: 'string', default: '0' },
    'no-open': { type: 'boolean', default: false },
    headless: { type: 'boolean', default: false },
    'for-console': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const number = (name: 'seed' | 'speed' | 'users' | 'workers' | 'gpus' | 'port', min: number, max: number) => {
  const value = Number(values[name]);
  if (
    values[name].trim() !== '' &&
    value >= min &&
    value <= max &&
    (name === 'speed' || Number.isInteger(value))
  )
    return value;
  console.error(
    `--${name} ${values[name]} must be a ${name === 'speed' ? '' : 'whole '}number from ${min} to ${max}`,
  );
  process.exit(2);
};
const jobs = values['exit-after-jobs'] === undefined ? undefined : Number(values['exit-after-jobs']);
if (jobs !== undefined && !(Number.isInteger(jobs) && jobs > 0)) {
  console.error(`--exit-after-jobs ${values['exit-after-jobs']} must be a whole number above 0`);
  process.exit(2);
}
const options = {
  seed: number('seed', 0, 2 ** 31),
  speed: number('speed', 0.1, 1000),
  users: number('users', 1, 500),
  workers: number('workers', 0, 16),
  gpus: number('gpus', 1, 8),
};
const port = number('port', 0, 65535);

ensureSystemPackages(['redis-server']);
let workshop: DemoWorkshop | undefined;
let console_: ConsoleProcess | undefined;
let status: StatusLine | undefined;
let interrupts = 0;
let stopping = false;
const ended = Promise.withResolvers<number>();
if (values['for-console'])
  process.stdin.resume().once('close', () => {
    interrupts += 1;
    ended.resolve(0);
  });

async function stop(): Promise<void> {
  stopping = true;
  status?.stop();
  await console_?.stop();
  await workshop?.stop();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupts += 1;
    if (interrupts > 2) process.exit(130);
    if (interrupts === 1) {
      status?.stop();
      console.log('\nStopping … (Ctrl-C again to stop at once)');
      // A script that waits for its jobs must not take an interruption for success.
      ended.resolve(jobs === undefined ? 0 : 130);
    } else void workshop?.stopNow();
  });

try {
  if (!values['for-console']) console.log('Starting Redis, the worker-agent and its ComfyUI doubles …');
  const demo = await startDemoWorkshop({ ...options, ...(jobs === undefined ? {} : { submissions: jobs }) });
  workshop = demo;
  if (interrupts === 0) await run(demo);
  process.exitCode = await ended.promise;
} catch (cause) {
  status?.stop();
  console.error(cause instanceof Error ? cause.message : cause);
  process.exitCode = 1;
} finally {
  await stop();
}
process.exit();

async function run(demo: DemoWorkshop): Promise<void> {
  void demo.agent.exited().then(() => {
    if (stopping || interrupts > 0) return;
    console.error(`\nThe worker-agent ended by itself:\n${demo.agent.lastWords()}`);
    ended.resolve(1);
  });
  if (jobs !== undefined)
    void waitUntilSettled(demo, options.speed).then(async () => {
      const audit = await demo.audit();
      status?.stop();
      console.log(formatSummary(audit));
      ended.resolve(isFlawless(audit) ? 0 : 1);
    }, ended.reject);
  if (values['for-console']) {
    const { port: redisPort, password } = demo.redis;
    console.log(JSON.stringify({ demo: { port: redisPort, password } }));
    return;
  }
  if (!values.headless) {
    const choice = chooseShell();
    if (choice.shell === 'web') console.log(`Opening the console in a browser: ${choice.why}.`);
    console_ = await openConsole({
      dir: demo.dir,
      redis: demo.redis,
      name: 'Demo workshop',
      shell: choice.shell,
      port,
      openBrowser: !values['no-open'],
      onLink: (link) => {
        status?.clear();
        console.log(`Console: ${link}`);
      },
    });
    void console_.exited.then(() => {
      if (choice.shell === 'electron') ended.resolve(0);
    });
  }
  status = startStatusLine(demo, options.speed);
}
