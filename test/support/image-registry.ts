import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { freePort } from '../../resources/demo/free-port.ts';

/** A registry on loopback that serves one tiny image; Docker takes it without TLS, as it is on 127.0.0.1. */
export interface ImageRegistry {
  /** Name to pull. */
  readonly image: string;
  /** Requests answered so far. */
  requests(): number;
  close(): Promise<void>;
}

export interface RegistryOptions {
  layers: number;
  /** Layers are begun and never finished, as over a line that died. */
  stalls?: boolean;
}

const TYPES = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
};
const digestOf = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** Starts it. Only what `docker pull` asks is answered (Docker Registry HTTP API V2). */
export async function startRegistry({ layers, stalls = false }: RegistryOptions): Promise<ImageRegistry> {
  const tars = await Promise.all(Array.from({ length: layers }, (_, index) => tarWith(`layer-${index}`)));
  const blobs = new Map(tars.map((tar) => gzipSync(tar)).map((data) => [digestOf(data), data]));
  const layerEntries = [...blobs].map(([digest, data]) => ({
    mediaType: TYPES.layer,
    size: data.length,
    digest,
  }));
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    }),
  );
  blobs.set(digestOf(config), config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: TYPES.manifest,
      config: { mediaType: TYPES.config, size: config.length, digest: digestOf(config) },
      layers: layerEntries,
    }),
  );

  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const path = request.url ?? '';
    const blob = blobs.get(path.split('/blobs/')[1] ?? '');
    if (path === '/v2/') response.end('{}');
    else if (['v1', digestOf(manifest)].includes(path.split('/v2/tiny/manifests/')[1] ?? ''))
      response
        .writeHead(200, {
          'content-type': TYPES.manifest,
          'content-length': manifest.length,
          'docker-content-digest': digestOf(manifest),
        })
        .end(request.method === 'HEAD' ? undefined : manifest);
    else if (!blob || !path.startsWith('/v2/tiny/'))
      response
        .writeHead(404, { 'content-type': 'application/json' })
        .end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
    else if (stalls && blob !== config)
      response.writeHead(200, { 'content-length': blob.length }).write(blob.subarray(0, 10));
    else response.writeHead(200, { 'content-length': blob.length }).end(blob);
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    image: `127.0.0.1:${port}/tiny:v1`,
    requests: () => requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function tarWith(name: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'workshop-layer-'));
  await writeFile(join(folder, name), name);
  await promisify(execFile)('tar', [
    '-C',
    folder,
    '-cf',
    join(folder, '..', `${name}-${process.pid}.tar`),
    name,
  ]);
  const file = join(folder, '..', `${name}-${process.pid}.tar`);
  const tar = await readFile(file);
  await rm(file);
  await rm(folder, { recursive: true });
  return tar;
}
