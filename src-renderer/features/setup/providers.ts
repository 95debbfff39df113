import type { GpuHostProfile } from '../../../src-main/api/types.ts';

/** What differs between the places that a GPU can be rented at, as far as the setup must know. */
export interface Provider {
  id: GpuHostProfile['provider'];
  name: string;
  /** How ComfyUI runs there. */
  runtime: 'containers' | 'processes';
  /** One or two sentences for the person who chooses. */
  note: string;
  /** Where to find the login. */
  loginHint: string;
  user: string | null;
  port: number | null;
}

export const PROVIDERS: readonly Provider[] = [
  {
    id: 'verda',
    name: 'Verda',
    runtime: 'containers',
    note: 'A whole machine with Docker. Each worker is a container of its own.',
    loginHint: 'The address stands on the instance’s page; its usual user is root.',
    user: 'root',
    port: 22,
  },
  {
    id: 'runpod',
    name: 'RunPod',
    runtime: 'processes',
    note: 'A pod is a container itself, and no Docker runs in it: workers are plain processes. Only /workspace outlives a restart of the pod.',
    loginHint:
      'Copy “SSH over exposed TCP” from the pod’s Connect page: its port is not 22. The proxy at ssh.runpod.io cannot copy files.',
    user: 'root',
    port: null,
  },
  {
    id: 'local',
    name: 'This computer',
    runtime: 'containers',
    note: 'The GPU is in the computer that this console runs on. No login is needed.',
    loginHint: '',
    user: null,
    port: null,
  },
  {
    id: 'other',
    name: 'Another machine',
    runtime: 'containers',
    note: 'Any Linux machine with an NVIDIA GPU that SSH reaches. Without Docker, workers are plain processes.',
    loginHint: 'A Host of ~/.ssh/config is enough.',
    user: null,
    port: null,
  },
];

export const MODAL_NOTE =
  'Modal starts a function for each call and has no machine to log in to, so no worker can stay on it and no agent can be deployed. Rent a machine from Verda or RunPod instead.';
