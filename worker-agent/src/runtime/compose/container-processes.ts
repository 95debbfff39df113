import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container } from './container.ts';

/** Files in which the kernel keeps account of a container. */
interface ControlGroup {
  processes: string;
  cpuTime: string;
  nanosecondsIn: (cpuTime: string) => number | null;
}

/** What the kernel knows of one running container's processes. Reads files only, so it may be asked every second. */
export class ContainerProcesses {
  #known: { of: string; group: ControlGroup | null } | null = null;

  /** Host PIDs of all its processes, as nvidia-smi names them (contract 6.1); none when unknown. */
  async pids(container: Container | null): Promise<number[]> {
    const group = await this.#groupOf(container);
    const text = group ? await readFile(group.processes, 'utf8').catch(() => '') : '';
    return text.split('\n').filter(Boolean).map(Number).filter(Number.isInteger);
  }

  /** CPU time used so far, in ms; null when unknown. */
  async cpuMs(container: Container | null): Promise<number | null> {
    const group = await this.#groupOf(container);
    const text = group ? await readFile(group.cpuTime, 'utf8').catch(() => null) : null;
    const nanoseconds = group && text !== null ? group.nanosecondsIn(text) : null;
    return nanoseconds === null ? null : nanoseconds / 1e6;
  }

  async #groupOf(container: Container | null): Promise<ControlGroup | null> {
    if (container?.status !== 'running' || container.pid <= 0) return null;
    const of = `${container.id}/${container.pid}`;
    if (this.#known?.of !== of) {
      const text = await readFile(`/proc/${container.pid}/cgroup`, 'utf8').catch(() => '');
      this.#known = { of, group: findControlGroup(text, container.id) };
    }
    return this.#known.group;
  }
}

/**
 * Finds the accounting files by the text of /proc/PID/cgroup (cgroup v1 or v2). Null when the container's id is not in
 * it: this is then not the machine that Docker runs on, and the PID belongs to somebody else.
 */
export function findControlGroup(text: string, containerId: string): ControlGroup | null {
  let unified: ControlGroup | null = null;
  for (const line of text.split('\n')) {
    const [, controllers = '', path = ''] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    if (!path.includes(containerId)) continue;
    if (controllers.split(',').includes('cpuacct')) {
      const folder = join('/sys/fs/cgroup', controllers, path);
      return {
        processes: join(folder, 'cgroup.procs'),
        cpuTime: join(folder, 'cpuacct.usage'),
        nanosecondsIn: (usage) => (/^\d+\s*$/.test(usage) ? Number(usage) : null),
      };
    }
    if (controllers === '') {
      const folder = join('/sys/fs/cgroup', path);
      unified = {
        processes: join(folder, 'cgroup.procs'),
        cpuTime: join(folder, 'cpu.stat'),
        nanosecondsIn: (stat) => {
          const micros = stat.match(/^usage_usec (\d+)$/m)?.[1];
          return micros === undefined ? null : Number(micros) * 1000;
        },
      };
    }
  }
  return unified;
}
