#!/usr/bin/env -S node --max-semi-space-size=2
import { Command } from 'commander';
import { doctorCommand } from './agent/cli/doctor-command.ts';
import { runCommand } from './agent/cli/run-command.ts';
import { statusCommand } from './agent/cli/status-command.ts';
import { AGENT_VERSION } from './agent/version.ts';
import { toWorkshopError } from './contract/errors.ts';
import { PROTOCOL_VERSION } from './contract/protocol.ts';

const ENV_FILE = [
  '--env-file <path>',
  'configuration file; what the environment says goes before it',
] as const;
const JSON_FLAG = ['--json', 'print JSON'] as const;

const program = new Command('worker-agent')
  .description("Claims ComfyUI jobs from the workshop's Redis and runs them on this machine's GPU.")
  .version(AGENT_VERSION);

program
  .command('run')
  .description('run until SIGTERM; running jobs are finished first')
  .option(...ENV_FILE)
  .action(runCommand);
program
  .command('status')
  .description("print the agent's last word; exit code 0 only when it is alive")
  .option(...ENV_FILE)
  .option(...JSON_FLAG)
  .action(async (options: { envFile?: string; json?: boolean }) => {
    process.exitCode = await statusCommand(options);
  });
program
  .command('doctor')
  .description('check everything the agent needs and say how to mend it')
  .option(...ENV_FILE)
  .option(...JSON_FLAG)
  .action(async (options: { envFile?: string; json?: boolean }) => {
    process.exitCode = await doctorCommand(options);
  });
program
  .command('version')
  .description('print the version')
  .option(...JSON_FLAG)
  .action((options: { json?: boolean }) => {
    const answer = { version: AGENT_VERSION, protocol: PROTOCOL_VERSION, node: process.version };
    console.log(options.json ? JSON.stringify(answer, null, 2) : AGENT_VERSION);
  });

try {
  await program.parseAsync();
} catch (cause) {
  const error = toWorkshopError(cause);
  console.error(error.remedy ? `${error.message} ${error.remedy}` : error.message);
  process.exit(error.code === 'CONFIG' ? 2 : 1);
}
