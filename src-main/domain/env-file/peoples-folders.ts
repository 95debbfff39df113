import type { FolderFact, ImportFacts } from './redis-address.ts';

/** Participants' folders on the VPS: the agent's key, the key of the .env that names it, and what is known of it. */
interface PeoplesFolder {
  key: 'VPS_OUTPUTS_PATH' | 'VPS_INPUTS_PATH';
  named: 'OUTPUTS_PATH' | 'INPUTS_PATH';
  fact: FolderFact;
  /** Half a sentence for the review. */
  why: string;
  /** What comes of it when it stays unknown; half a sentence. */
  without: string;
}

/** Both of them; they are not in the GPU host's reach, so the agent goes to the VPS for them (contract 8.25). */
export function peoplesFolders({
  outputs,
  inputs,
}: Pick<ImportFacts, 'outputs' | 'inputs'>): PeoplesFolder[] {
  return [
    {
      ...{ key: 'VPS_OUTPUTS_PATH', named: 'OUTPUTS_PATH', fact: outputs },
      why: 'where participants find their files on the VPS; the agent brings them there',
      without: 'finished files stay on the GPU host and participants do not see them',
    },
    {
      ...{ key: 'VPS_INPUTS_PATH', named: 'INPUTS_PATH', fact: inputs },
      why: 'where what participants load lies on the VPS; the agent fetches it from there',
      without: 'pictures that participants load are not fetched',
    },
  ];
}
