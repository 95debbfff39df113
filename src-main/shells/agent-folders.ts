import { join } from 'node:path';

/**
 * Where the agent that this console deploys lies, with its units and the Dockerfile.
 * @param root of the sources. @param resources of the packaged app (resources/electron-builder.yml).
 */
export function agentFolders(root: string, resources?: string): string[] {
  return [
    ...(resources === undefined ? [] : [join(resources, 'worker-agent'), join(resources, 'compose')]),
    join(root, 'worker-agent/dist'),
    join(root, 'resources/worker-agent'),
    join(root, 'resources/compose'),
  ];
}
