import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../../resources/demo/free-port.ts';

/** A redis-server with one plain and one TLS port, and a certificate for localhost that it signed itself. */
export interface TlsRedis {
  plainPort: number;
  tlsPort: number;
  /** PEM. */
  certificate: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startTlsRedis(): Promise<TlsRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'workshop-tls-redis-'));
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'],
  ]);
  const [plainPort, tlsPort] = [await freePort(), await freePort()];
  const server = spawn('redis-server', [
    ...['--port', String(plainPort), '--tls-port', String(tlsPort), '--bind', '127.0.0.1', '--save', ''],
    ...['--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no', '--dir', dir],
  ]);
  let words = '';
  await new Promise<void>((done, fail) => {
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      words += text;
      if (words.includes('Ready to accept connections')) done();
    });
    server.once('exit', () => fail(new Error(`redis-server ended: ${words}`)));
  });
  return {
    plainPort,
    tlsPort,
    certificate: await readFile(cert, 'utf8'),
    async [Symbol.asyncDispose]() {
      const gone = once(server, 'exit');
      server.kill('SIGKILL');
      await gone;
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
