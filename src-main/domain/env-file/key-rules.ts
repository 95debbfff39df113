/**
 * Where each key of the platform's .env belongs (contract 4.1, 4.2): what the GPU host's agent needs, what is the
 * VPS's own, and what must never leave it.
 */
export type Destination =
  /** Copied as it is. */
  | 'gpu'
  /** The GPU host has its own value; never copied, kept if it stands there. */
  | 'own'
  /** Of the VPS alone. */
  | 'vps'
  /** A secret or key that must not stand on the rented machine. */
  | 'never';

export interface KeyRule {
  destination: Destination;
  /** Half a sentence for the review. */
  why: string;
}

const rule = (destination: Destination, why: string, ...keys: string[]): [string, KeyRule][] =>
  keys.map((key) => [key, { destination, why }]);

const RULES = new Map<string, KeyRule>([
  ...rule('gpu', 'the same Redis, so the same password', 'REDIS_PASSWORD'),
  ...rule('gpu', 'the port that Redis is published on', 'REDIS_PORT', 'APP_SERVER_REDIS_PORT'),
  ...rule('gpu', 'whether Redis is reached through TLS', 'REDIS_TLS'),
  ...rule('gpu', 'the address of Redis as the GPU host sees it', 'REDIS_HOST', 'INFERENCE_SERVER_REDIS_HOST'),
  ...rule('gpu', 'the agent must take jobs in the order that the dashboards show', 'QUEUE_MODE'),
  ...rule('gpu', 'both sides must give a job the same time', 'JOB_TIMEOUT'),
  ...rule('gpu', 'how soon a silent worker counts as gone', 'WORKER_HEARTBEAT_TIMEOUT'),
  ...rule('gpu', 'how often the agent looks for jobs by itself', 'WORKER_POLL_INTERVAL'),
  ...rule('gpu', 'workers to start with; the console changes it later', 'NUM_WORKERS'),
  ...rule('gpu', 'the line above which the console warns about VRAM', 'WORKER_GPU_MEMORY_LIMIT'),
  ...rule('gpu', 'what becomes of containers that end', 'WORKER_RESTART_POLICY'),
  ...rule('gpu', 'how much the agent writes into its log', 'LOG_LEVEL'),
  ...rule('own', 'a folder of that machine', 'MODELS_PATH', 'OUTPUTS_PATH', 'INPUTS_PATH', 'WORKFLOWS_PATH'),
  ...rule('own', 'a setting of the agent on that machine', 'RUNTIME', 'AGENT_HOST_ID', 'WORKER_ID_PREFIX'),
  ...rule('own', 'a setting of the agent on that machine', 'AGENT_STATE_DIR', 'MAX_WORKERS', 'GPU_IDS'),
  ...rule('vps', 'it only speaks of the VPS’s own network', 'REDIS_BIND_IP', 'APP_SERVER_REDIS_HOST'),
  ...rule('vps', 'Redis runs on the VPS', 'REDIS_PERSISTENCE'),
  ...rule('vps', 'the web address is the VPS’s', 'DOMAIN', 'SSL_CERT_PATH', 'SSL_KEY_PATH'),
  ...rule('vps', 'the participants’ frontends run on the VPS', 'NUM_USERS', 'USER_ID_PREFIX'),
  ...rule('vps', 'the queue manager keeps it', 'ENABLE_PRIORITY', 'MAX_QUEUE_DEPTH'),
  ...rule('vps', 'it decides whether jobs come to Redis at all', 'INFERENCE_MODE'),
  ...rule('vps', 'only a label; the console knows the provider', 'INFERENCE_PROVIDER'),
  ...rule('vps', 'nothing reads it on the GPU host', 'LOCAL_GPU_DEVICE', 'COMFYUI_VERSION', 'COMFYUI_PORT'),
  ...rule('vps', 'nothing reads it on the GPU host', 'WORKSHOP_DURATION', 'COMFYUI_MODE', 'SERVER_MODE'),
  ...rule('vps', 'it speaks of the services on the VPS', 'DEBUG', 'VERBOSE_LOGS', 'USE_HOST_NGINX'),
  ...rule('vps', 'it describes the file itself', 'ENV_VERSION', 'ENV_DATE', 'PROJECT_NAME'),
  ...rule('vps', 'it speaks of the services on the VPS', 'USER_CREDENTIALS_FORMAT', 'NTFY_TOPIC'),
]);

const PATTERNS: readonly [RegExp, Destination, string][] = [
  [
    /^(COMFYUI|COMPOSE|DOCKER|VPS|LOG_FILE)_?|^(CUSTOM_NODES_PATH|NVIDIA_SMI|LEASE_SECONDS|STOP_GRACE_SECONDS|WORKER_MEMORY_LIMIT|WORKERS_PER_GPU|ALLOW_PLATFORM_WORKER|DELIVERY_WAIT_SECONDS)$/,
    'own',
    'a setting of the agent on that machine',
  ],
  [/^(VERDA|RUNPOD|MODAL|MELLO)_/, 'never', 'it belongs to the provider’s account, which no worker needs'],
  [/^(R2|AWS|S3)_/, 'never', 'it opens the file store, which no worker needs'],
  [/^(GH|GITHUB|GIT)_/, 'never', 'it opens the source repository, which no worker needs'],
  [/^(HF_TOKEN|UBUNTU_PRO_TOKEN|AUTH_COOKIE_SECRET)$/, 'never', 'it is a key that no worker needs'],
  [/^(ADMIN|USER_CREDENTIALS)_/, 'never', 'it opens the dashboards, which run on the VPS'],
  [/^PUB_KEY_/, 'vps', 'it is about who may log in on the VPS'],
  [/^SERVERLESS_/, 'never', 'it sends jobs past the queue to another service'],
  [/^(NGINX|QUEUE_MANAGER)_/, 'vps', 'it speaks of a service on the VPS'],
];

/** What holds for a key; unknown ones stay on the VPS. */
export function ruleOf(key: string, secret: boolean): KeyRule {
  const known = RULES.get(key);
  if (known) return known;
  const pattern = PATTERNS.find(([name]) => name.test(key));
  if (pattern) return { destination: pattern[1], why: pattern[2] };
  return secret
    ? { destination: 'never', why: 'it looks like a secret, and no worker is known to need it' }
    : { destination: 'vps', why: 'no worker is known to read it' };
}
