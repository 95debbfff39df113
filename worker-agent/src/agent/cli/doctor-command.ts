import { describeProblem, gatherEnvironment, readConfig } from '../config.ts';
import { checkDocker } from './docker-checks.ts';
import type { Finding } from './finding.ts';
import {
  checkAgentProcess,
  checkComfy,
  checkFolders,
  checkGpu,
  checkPlatformWorker,
} from './machine-checks.ts';
import { checkRedis } from './redis-checks.ts';
import { checkVps } from './vps-checks.ts';

const SIGN = { ok: ' ok ', warn: 'warn', fail: 'FAIL' } as const;

/**
 * Looks at everything the agent needs and says what to do about what is not right.
 * @returns the exit code: 0 when nothing fails, 1 otherwise, 2 when the configuration cannot be used.
 */
export async function doctorCommand(options: { envFile?: string; json?: boolean }): Promise<number> {
  const result = readConfig(gatherEnvironment(options.envFile, process.env));
  if (result.kind === 'invalid') {
    show(
      result.problems.map((problem) => ({
        name: 'configuration',
        outcome: 'fail',
        detail: describeProblem({ ...problem, remedy: '' }).trim(),
        fix: problem.remedy,
      })),
      options.json,
    );
    return 2;
  }
  const { config } = result;
  const findings: Finding[] = [{ name: 'configuration', outcome: 'ok', detail: `host ${config.hostId}` }];
  const checks = [
    checkRedis,
    checkGpu,
    checkComfy,
    checkDocker,
    checkFolders,
    checkVps,
    checkPlatformWorker,
    checkAgentProcess,
  ];
  for (const check of checks) findings.push(...(await check(config)));
  show(findings, options.json);
  return findings.some((finding) => finding.outcome === 'fail') ? 1 : 0;
}

function show(findings: readonly Finding[], json: boolean | undefined): void {
  if (json) {
    console.log(JSON.stringify(findings, null, 2));
    return;
  }
  for (const { name, outcome, detail, fix } of findings)
    console.log(`[${SIGN[outcome]}] ${name}: ${detail}${fix ? `\n       -> ${fix}` : ''}`);
}
