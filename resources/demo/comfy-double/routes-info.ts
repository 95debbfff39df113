/** /system_stats, /features, /object_info, /models and the log routes (contract 5.5-5.8; recordings 12, 24). */

import { emptyAnswer, jsonAnswer, type Route, route } from './http.ts';
import { MODEL_FOLDERS, MODEL_FOLDERS_MODERN, type ModelCatalogue } from './models.ts';
import { type NodeCatalogue, objectInfo } from './nodes.ts';
import type { ComfyFolders } from './output-files.ts';
import { type Dumpable, parseJson } from './python-json.ts';
import { isTruthy } from './python-values.ts';
import type { SocketHub } from './socket-hub.ts';
import type { VersionTraits } from './versions.ts';
import { type Card, GIBIBYTE } from './vram.ts';

const RAM_TOTAL = 32 * GIBIBYTE;
const RAM_FREE = 28 * GIBIBYTE;
const LOG_LINES = 300;

export interface InfoRoutesEnvironment {
  readonly traits: VersionTraits;
  readonly nodes: NodeCatalogue;
  readonly folders: ComfyFolders;
  readonly models: ModelCatalogue;
  readonly card: Card;
  readonly device: 'cuda' | 'cpu';
  readonly port: () => number;
  readonly logs: LogBook;
}

/** Server feature flags: GET /features and the handshake (contract 5.8). */
export function serverFeatures(traits: VersionTraits): Dumpable {
  const modern = traits.strictPrompts;
  return {
    supports_preview_metadata: true,
    supports_model_type_tags: modern ? true : undefined,
    max_upload_size: 104857600,
    extension: { manager: { supports_v4: true } },
    node_replacements: modern ? true : undefined,
    assets: modern ? false : undefined,
  };
}

interface LogEntry {
  readonly t: string;
  readonly m: string;
}

/** Log lines, and the sockets that asked for them (recording 24). */
export class LogBook {
  private readonly entries: LogEntry[] = [];
  private readonly subscribers = new Map<string, { sizeSent: boolean }>();
  private readonly hub: SocketHub;
  private readonly traits: VersionTraits;

  constructor(hub: SocketHub, traits: VersionTraits) {
    this.hub = hub;
    this.traits = traits;
  }

  add(message: string, highlight = false): void {
    const { colouredLogs } = this.traits;
    const [text, end] = message.endsWith('\n') ? [message.slice(0, -1), '\n'] : [message, ''];
    const body = colouredLogs && highlight ? `\u001b[32m${text}\u001b[0m${end}` : message;
    const entry = {
      t: `${new Date().toISOString().slice(0, -1)}000`,
      m: colouredLogs ? `\u001b[32m[INFO]\u001b[0m ${body}` : body,
    };
    this.entries.push(entry);
    if (this.entries.length > LOG_LINES) this.entries.shift();
    for (const [clientId, state] of this.subscribers) {
      if (!this.hub.hasSocket(clientId)) {
        this.subscribers.delete(clientId);
        continue;
      }
      this.hub.send(
        'logs',
        { entries: [{ ...entry }], size: state.sizeSent ? null : { cols: 80, rows: 24 } },
        clientId,
      );
      state.sizeSent = true;
    }
  }

  subscribe(clientId: string, enabled: boolean): void {
    if (!enabled) this.subscribers.delete(clientId);
    else if (this.hub.hasSocket(clientId)) this.subscribers.set(clientId, { sizeSent: false });
  }

  raw(): Dumpable {
    return { entries: this.entries.map((entry) => ({ ...entry })), size: { cols: 80, rows: 24 } };
  }

  text(): string {
    return this.entries.map(({ t, m }) => `${t} - ${m}`).join('');
  }
}

function packageVersions(traits: VersionTraits): Dumpable {
  const required: readonly (readonly [string, string])[] = [
    ['comfyui-frontend-package', traits.requiredFrontendVersion],
    ['comfyui-workflow-templates', traits.requiredTemplatesVersion],
    ['comfyui-embedded-docs', '0.5.10'],
    ['comfy-kitchen', '0.2.31'],
    ['comfy-aimdo', '0.4.13'],
  ];
  return required.map(([name, version]) => ({ name, installed: null, required: version }));
}

function deviceStats(card: Card, device: 'cuda' | 'cpu'): Dumpable {
  if (device === 'cpu') {
    return {
      name: 'cpu',
      type: 'cpu',
      index: null,
      vram_total: RAM_TOTAL,
      vram_free: RAM_FREE,
      torch_vram_total: RAM_TOTAL,
      torch_vram_free: RAM_FREE,
    };
  }
  return {
    name: 'cuda:0 NVIDIA H100 80GB HBM3 : cudaMallocAsync',
    type: 'cuda',
    index: 0,
    vram_total: card.total,
    vram_free: Math.round(card.driverFree + card.torchFree),
    torch_vram_total: Math.round(card.torchTotal),
    torch_vram_free: Math.round(card.torchFree),
  };
}

function systemStats(env: InfoRoutesEnvironment): Dumpable {
  const { traits } = env;
  const modern = traits.strictPrompts;
  return {
    system: {
      os: 'linux',
      ram_total: RAM_TOTAL,
      ram_free: RAM_FREE,
      comfyui_version: traits.version,
      required_frontend_version: traits.requiredFrontendVersion,
      installed_templates_version: null,
      required_templates_version: traits.requiredTemplatesVersion,
      comfy_package_versions: modern ? packageVersions(traits) : undefined,
      python_version: '3.11.7 (main, May  9 2026, 07:35:25) [GCC 12.2.0]',
      pytorch_version: env.device === 'cpu' ? '2.13.0+cpu' : '2.13.0+cu128',
      embedded_python: false,
      deploy_environment: modern ? 'local-git' : undefined,
      argv: [
        'main.py',
        ...(env.device === 'cpu' ? ['--cpu'] : []),
        '--listen',
        '127.0.0.1',
        '--port',
        String(env.port()),
        '--front-end-root',
        '/frontend',
      ],
    },
    devices: [deviceStats(env.card, env.device)],
  };
}

export function infoRoutes(env: InfoRoutesEnvironment): Route[] {
  const { traits, nodes, models, logs } = env;
  const folders = traits.strictPrompts ? MODEL_FOLDERS_MODERN : MODEL_FOLDERS;
  return [
    route('GET', '/system_stats', () => jsonAnswer(systemStats(env))),
    route('GET', '/features', () => jsonAnswer(serverFeatures(traits))),
    route('GET', '/object_info', () =>
      jsonAnswer(new Map([...nodes].map(([name, node]) => [name, objectInfo(node, traits, env.folders)]))),
    ),
    route('GET', '/object_info/{}', ({ params: [name = ''] }) => {
      const node = nodes.get(name);
      return jsonAnswer(node ? { [name]: objectInfo(node, traits, env.folders) } : {});
    }),
    route('GET', '/models', () => jsonAnswer(folders)),
    route('GET', '/models/{}', ({ params: [folder = ''] }) =>
      folders.includes(folder) ? jsonAnswer(models[folder] ?? []) : emptyAnswer(404),
    ),
    route('GET', '/embeddings', () => jsonAnswer([])),
    route('GET', '/extensions', () => jsonAnswer([])),
    route('GET', '/', () => ({
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<!doctype html>',
    })),
    route('GET', '/internal/logs', () => jsonAnswer(logs.text()), false),
    route('GET', '/internal/logs/raw', () => jsonAnswer(logs.raw()), false),
    route(
      'PATCH',
      '/internal/logs/subscribe',
      ({ body }) => {
        const data = parseJson(body.toString('utf8'));
        const clientId = data instanceof Map ? data.get('clientId') : undefined;
        if (!(data instanceof Map) || typeof clientId !== 'string') throw new Error('clientId');
        logs.subscribe(clientId, isTruthy(data.get('enabled')));
        return emptyAnswer();
      },
      false,
    ),
  ];
}
