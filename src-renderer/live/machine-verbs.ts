import { sayFailed } from '../components/notice.tsx';
import { useVerb } from './command.ts';

/** What the host does to the links to the machines. */

export function useConnectMachine() {
  return useVerb<{ id: string }, void>({
    run: (client, input) => client.machines.connect.mutate(input),
    failed: (error, again) => sayFailed('The machine was not connected', error, again),
  });
}

export function useDisconnectMachine() {
  return useVerb<{ id: string }, void>({
    run: (client, input) => client.machines.disconnect.mutate(input),
    failed: (error, again) => sayFailed('The machine was not disconnected', error, again),
  });
}

/** Takes the old key of a machine out of known_hosts; the new one is shown before anything is sent. */
export function useForgetHostKey() {
  return useVerb<{ id: string; machine: string }, void>({
    run: (client, input) => client.machines.forgetHostKey.mutate(input),
    failed: (error, again) => sayFailed('The old key was not removed', error, again),
  });
}

export interface MachineAnswer {
  id: string;
  questionId: string;
  /** null: the person does not want to answer. */
  answer: string[] | null;
  keep: boolean;
}

export function useAnswerMachine() {
  return useVerb<MachineAnswer, void>({
    run: (client, input) => client.machines.answer.mutate(input),
    failed: (error, again) => sayFailed('The answer did not reach the machine', error, again),
  });
}
