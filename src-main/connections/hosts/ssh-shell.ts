import { randomBytes } from 'node:crypto';
import type { Client, ClientChannel } from 'ssh2';
import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { commandLine } from './quote.ts';
import type { ExecResult } from './remote-host.ts';

/**
 * One shell that stays open at the other end, for small work that comes again and again: starting a program over SSH
 * takes the server 100 ms and more, a line to a shell that runs takes one round trip. Calls are carried out one after
 * the other, in their order.
 */
export interface SshShell {
  /** Runs something short that reads no input. @throws WorkshopError HOST_TIMEOUT; HOST_LINK_LOST. */
  run(argv: readonly string[], timeoutMs: number): Promise<ExecResult>;
  close(): void;
}

/** Output of one call that is kept, characters; more of it makes the call fail. */
const OUTPUT_MAX = 1024 * 1024;

interface Call {
  mark: string;
  stdout: string | undefined;
  stderr: string | undefined;
  code: number;
  resolve: (result: ExecResult) => void;
  reject: (cause: unknown) => void;
  late: NodeJS.Timeout;
}

/** @param lost gives the reason when the channel closes. */
export async function openShell(client: Client, lost: () => WorkshopError): Promise<SshShell> {
  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    // Reads a line, runs it, and reads on; `n` is the line break that an argument may hold.
    const loop = 'n="\n"; while IFS= read -r line; do eval "$line"; done';
    client.exec(commandLine(['sh', '-c', loop]), (error, made) => (error ? reject(lost()) : resolve(made)));
  });
  const calls: Call[] = [];
  let closed = false;
  let asked = 0;
  // Nobody who writes the output of a program can guess where it ends for us.
  const secret = randomBytes(12).toString('hex');

  const finish = (call: Call, settle: () => void) => {
    clearTimeout(call.late);
    const at = calls.indexOf(call);
    if (at >= 0) calls.splice(at, 1);
    settle();
  };
  const close = (cause: WorkshopError) => {
    if (closed) return;
    closed = true;
    channel.destroy();
    for (const call of [...calls]) finish(call, () => call.reject(cause));
  };
  const settleIfWhole = (call: Call) => {
    const { stdout, stderr, code } = call;
    if (stdout !== undefined && stderr !== undefined)
      finish(call, () => call.resolve({ code, signal: null, stdout, stderr }));
  };
  /** Reads one stream up to the mark of the call that is next there. */
  const reader = (
    take: (call: Call, text: string, code: number) => void,
    isOpen: (call: Call) => boolean,
  ) => {
    let text = '';
    return (part: string) => {
      text += part;
      for (let call = calls.find(isOpen); call; call = calls.find(isOpen)) {
        const end = text.indexOf(`\n${call.mark} `);
        const stop = end < 0 ? -1 : text.indexOf('\n', end + 1);
        if (stop < 0) break;
        const code = Number(text.slice(end + call.mark.length + 2, stop));
        take(call, text.slice(0, end), code);
        text = text.slice(stop + 1);
        settleIfWhole(call);
      }
      if (text.length > OUTPUT_MAX)
        close(new WorkshopError('HOST_TIMEOUT', 'A short command on the machine printed more than 1 MB.'));
    };
  };
  channel.setEncoding('utf8');
  channel.stderr.setEncoding('utf8');
  channel.on(
    'data',
    reader(
      (call, text, code) => {
        call.stdout = text;
        call.code = code;
      },
      (call) => call.stdout === undefined,
    ),
  );
  channel.stderr.on(
    'data',
    reader(
      (call, text) => {
        call.stderr = text;
      },
      (call) => call.stderr === undefined,
    ),
  );
  channel.on('close', () => close(lost()));
  channel.on('error', () => {});

  return {
    run(argv, timeoutMs) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(lost());
        const mark = `${secret}.${asked++}`;
        const late = setTimeout(() => {
          // What hangs would hold up all that comes after it: the shell goes, the next call gets a new one.
          close(
            new WorkshopError(
              'HOST_TIMEOUT',
              `${argv[0] ?? 'A command'} did not end within ${Math.ceil(timeoutMs / 1000)} s on the machine.`,
              { remedy: 'Look whether the machine is overloaded, then try again.' },
            ),
          );
        }, timeoutMs);
        calls.push({ mark, stdout: undefined, stderr: undefined, code: 0, resolve, reject, late });
        const line = commandLine(argv).replaceAll('\n', `'"$n"'`);
        channel.write(
          `( ${line} ) </dev/null; printf '\\n%s %s\\n' ${mark} $?; printf '\\n%s \\n' ${mark} >&2\n`,
        );
      });
    },
    close: () => close(lost()),
  };
}
