/** What came of talking to Redis from another machine: each step, and what to do where it stopped. */
export interface ProofStep {
  name: 'connect' | 'password' | 'ping' | 'round-trip';
  kind: 'passed' | 'failed' | 'not-tried';
  /** One sentence. */
  sentence: string;
  remedy: string | null;
  /** Microseconds as that machine measured them; null when it could not. */
  micros: number | null;
}

export interface RedisProof {
  passed: boolean;
  steps: ProofStep[];
}

const STEPS = ['connect', 'password', 'ping', 'round-trip'] as const;
type Step = (typeof STEPS)[number];

const DONE: Readonly<Record<Step, string>> = {
  connect: 'Redis’s port is open to this machine.',
  password: 'Redis takes the password.',
  ping: 'Redis answers PING with PONG.',
  'round-trip': 'A test key was written, read back the same and removed.',
};

/**
 * @param said lines of the script: step, "ok" or "fail", detail, microseconds, with tabs between.
 * @param end how the script ended: by itself, or cut off because nothing came back.
 */
export function readProof(said: string, end: 'ended' | 'late', address: string): RedisProof {
  const told = new Map(
    said.split('\n').map((line) => {
      const [name = '', verdict = '', detail = '', micros = ''] = line.split('\t');
      return [name, { verdict, detail, micros: /^\d+$/.test(micros) ? Number(micros) : null }] as const;
    }),
  );
  let stopped = false;
  const steps = STEPS.map((name): ProofStep => {
    const one = told.get(name);
    if (stopped) return { name, kind: 'not-tried', sentence: 'Not tried.', remedy: null, micros: null };
    if (one?.verdict === 'ok')
      return { name, kind: 'passed', sentence: DONE[name], remedy: null, micros: one.micros };
    stopped = true;
    const { why, remedy } = one ? explain(name, one.detail, address) : silence(name, end, address);
    return { name, kind: 'failed', sentence: why, remedy, micros: null };
  });
  return { passed: !stopped, steps };
}

const BIND =
  'Redis on the VPS must listen on its tailnet address: where it does not, that is said in the review above, with its button. Both machines must be in the same tailnet: their links say so. A pod that comes into none goes on: with a login to the VPS, Deploy leads its agent through the SSH of the VPS.';

function explain(step: Step, detail: string, address: string): { why: string; remedy: string } {
  // Redis's own words may quote what it was sent; only the kind of the answer is passed on.
  if (step === 'connect') {
    if (/refused/i.test(detail))
      return {
        why: `${address} refuses connections: nothing listens on that address and port.`,
        remedy: BIND,
      };
    if (/name or service|resolve|not known|hostname/i.test(detail))
      return {
        why: `The name in ${address} is not known on this machine.`,
        remedy: 'Use the tailnet address of the VPS (100.x.y.z) instead of a name.',
      };
    if (/no route|unreachable/i.test(detail))
      return {
        why: `There is no way from this machine to ${address}.`,
        remedy:
          'Look at the links of both machines, in the header or above: each says how Tailscale stands there, with its button. A pod that comes into no tailnet goes on: with a login to the VPS, Deploy leads its agent through the SSH of the VPS.',
      };
    return { why: `No connection to ${address} came about.`, remedy: BIND };
  }
  if (/^-(WRONGPASS|ERR invalid password)/i.test(detail))
    return {
      why: 'Redis refuses the password.',
      remedy:
        'The running Redis has another one than the file: start it anew on the VPS after a change, or enter the right one above.',
    };
  if (/without any password|no password is set/i.test(detail))
    return {
      why: 'Redis has no password, but the file names one.',
      remedy: 'On the VPS, start Redis anew so that it takes the password of its .env.',
    };
  if (/^-NOAUTH/.test(detail))
    return { why: 'Redis asks for a password.', remedy: 'Enter the password of the VPS’s Redis above.' };
  if (/^-(LOADING|BUSY|MASTERDOWN)/.test(detail))
    return { why: 'Redis is not ready yet.', remedy: 'Wait a moment and test again.' };
  if (/^-(READONLY|MISCONF|OOM|NOPERM)/.test(detail))
    return {
      why: `Redis does not let anything be written (${detail.slice(1).split(' ')[0]}).`,
      remedy: 'Look at Redis on the VPS: its disk, its memory and whether it is a replica.',
    };
  return {
    why: 'What answers there does not speak like Redis.',
    remedy: 'Look which service listens on that port of the VPS.',
  };
}

function silence(step: Step, end: 'ended' | 'late', address: string): { why: string; remedy: string } {
  if (step === 'connect' && end === 'late')
    return { why: `${address} does not answer at all; something drops what is sent there.`, remedy: BIND };
  return {
    why: 'Redis stopped answering in the middle of the test.',
    remedy: 'Test again; if it stays so, look at Redis on the VPS.',
  };
}
