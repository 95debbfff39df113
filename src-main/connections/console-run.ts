import { hostname } from 'node:os';

/** Its own process shows a sign so often that one that was silent for longer is gone, s. */
const SILENT_S = 60;

/** One process of a console, as it signs what it holds elsewhere. */
export interface ConsoleRun {
  /** Id of the console, its process and its computer. Holds no bar. */
  readonly id: string;
  /**
   * Whether something was signed by a process of this very console: `gone` when that one surely no longer runs, `here`
   * when it may, null when another console signed it.
   * @param ageS since its last sign, s.
   */
  own(signed: string, ageS: number): 'gone' | 'here' | null;
}

/** @param consoleId as it stands on this console's disk. */
export function consoleRun(consoleId: string, pid = process.pid): ConsoleRun {
  const computer = hostname().replaceAll(/[^\w.-]/g, '_');
  return {
    id: [consoleId, pid, computer].join('~'),
    own(signed, ageS) {
      const [theirs, process, where] = signed.split('~');
      if (theirs !== consoleId) return null;
      // A settings folder that two computers share: nobody here can see the other's processes.
      if (where !== computer) return 'here';
      return ageS >= SILENT_S || !lives(Number(process)) ? 'gone' : 'here';
    },
  };
}

function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // It lives, but is another user's.
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}
