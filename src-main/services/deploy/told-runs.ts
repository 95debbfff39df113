import type { DeployAct } from '../../domain/deploy/deploy-view.ts';

/** What the other hosts are told of a run. */
export type RunEnd =
  | { kind: 'done'; result: string }
  | { kind: 'failed'; why: string }
  | { kind: 'stopped'; proven: boolean };

/** Longest part that comes from elsewhere. */
const LONGEST = 400;

const DOING: Readonly<Record<DeployAct, (name: string) => string>> = {
  deploy: (name) => `deploying the agent to ${name}`,
  rollback: (name) => `going back to the release before on ${name}`,
  uninstall: (name) => `removing the agent from ${name}`,
};

export const begunSentence = (act: DeployAct, name: string) => `Began ${DOING[act](name)}.`;

export function endSentence(act: DeployAct, name: string, end: RunEnd): string {
  const doing = DOING[act](name);
  if (end.kind === 'done') return `Finished ${doing}. ${end.result.slice(0, LONGEST)}`;
  if (end.kind === 'failed') return `Did not finish ${doing}. ${end.why.slice(0, LONGEST)}`;
  return `Stopped ${doing}.${end.proven ? '' : ' It may still run there.'}`;
}
