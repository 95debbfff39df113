import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2 from 'ssh2';

/**
 * An SSH server that asks for a password, or for a code as PAM does. ssh2's own: OpenSSH takes passwords from the
 * accounts of the machine only, which tests leave alone.
 */
export async function startPasswordServer(options: {
  password: string;
  code?: string;
}): Promise<{ port: number; tries: () => string[]; close: () => void }> {
  const { Server, utils } = ssh2;
  const tries: string[] = [];
  const { private: hostKey } = utils.generateKeyPairSync('ed25519');
  const server = new Server({ hostKeys: [hostKey] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (attempt) => {
      const offer: ('password' | 'keyboard-interactive')[] = [
        options.code ? 'keyboard-interactive' : 'password',
      ];
      if (attempt.method === 'password' && !options.code) {
        tries.push(attempt.password);
        if (attempt.password === options.password) return attempt.accept();
      }
      if (attempt.method === 'keyboard-interactive' && options.code)
        return attempt.prompt(
          [{ prompt: 'Code: ', echo: true }],
          'Two steps',
          'Look at your phone',
          (given) => {
            tries.push(...given);
            if (given[0] === options.code) attempt.accept();
            else attempt.reject(offer);
          },
        );
      attempt.reject(offer);
    });
    client.on('session', (accept) => {
      accept().on('exec', (allow) => {
        const channel = allow();
        // Answers the link's shell: every line is done at once, with code 0.
        channel.on('data', (part: Buffer) => {
          for (const [, mark] of part.toString().matchAll(/printf '\\n%s %s\\n' (\S+) /g)) {
            channel.write(`\n${mark} 0\n`);
            channel.stderr.write(`\n${mark} \n`);
          }
        });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    tries: () => tries,
    close: () => void server.close(),
  };
}
