import { randomUUID } from 'node:crypto';
import { WorkshopError } from '../contract/errors.ts';
import { createAlarm } from './alarm.ts';
import { type EventLink, openEventLink } from './event-link.ts';
import { followPrompt } from './follow-prompt.ts';
import type { Patience } from './options.ts';
import { ProgressTracker } from './progress.ts';
import { type PromptWatch, watchPrompt } from './prompt-watch.ts';
import type { PromptOutcome, RunPromptRequest } from './roles.ts';
import type { ServerCalls } from './server-calls.ts';
import type { EventSocket } from './socket.ts';
import { submitPrompt } from './submit-prompt.ts';

/** A socket that shows no `status` this long after our own POST is deaf (contract 5.11.20). */
const DEAF_AFTER_MS = 2000;

export interface RunDeps {
  endpoint: URL;
  calls: ServerCalls;
  socket: EventSocket;
  patience: Patience;
  /** Aborts when the client is closed. */
  closing: AbortSignal;
}

/** Submit or adopt, follow, finish: see ComfyServer.run. */
export async function runPrompt(deps: RunDeps, request: RunPromptRequest): Promise<PromptOutcome> {
  if (request.promptId === '') throw new WorkshopError('BAD_INPUT', 'A prompt needs an id.');
  const { socket, patience, closing } = deps;
  const alarm = createAlarm();
  const progress = new ProgressTracker(request.onProgress);
  // Events may come before the answer to POST (contract 5.11.23): listen first.
  const watch = watchPrompt(request.promptId, progress, alarm.ring);
  let losses = 0;
  let socketClientId: string | undefined;
  const unsubscribe = socket.subscribe({
    onFrame: watch.handle,
    onActivity: watch.activity,
    onLost: () => {
      losses += 1;
      socketClientId = undefined;
      alarm.ring();
    },
  });
  request.signal.addEventListener('abort', alarm.ring);
  closing.addEventListener('abort', alarm.ring);
  let rejoin: Rejoin | undefined;
  try {
    let statusesBefore = 0;
    const result = await submitPrompt(deps, request, async () => {
      socketClientId = await socket.ready(patience.socketWaitMs);
      statusesBefore = watch.statusCount();
      // Parsed while the POST is under way: a large prompt takes a while, and only the progress bar needs it.
      setImmediate(() => progress.setPrompt(request.prompt));
      // Cached outputs come back empty without a client id, even one that no socket has (contract 5.9).
      return socketClientId ?? randomUUID();
    });
    if (result.kind === 'over') {
      if (result.accepted) request.onAccepted?.();
      return result.outcome;
    }
    request.onAccepted?.();
    const held = result.prompt;
    const heldAt = performance.now();
    if (held.adopted) progress.setPrompt(request.prompt);
    progress.queued();
    const hearsEvents = () => held.clientId !== null && held.clientId === socketClientId;

    const judgeSocket = () => {
      if (!hearsEvents()) {
        if (held.clientId !== null) rejoin ??= rejoinAs(held.clientId, deps, watch);
        return;
      }
      if (watch.statusCount() > statusesBefore || watch.started()) return;
      if (performance.now() - heldAt < DEAF_AFTER_MS) return;
      patience.onNotice('The WebSocket to ComfyUI was deaf to our own submission; it was replaced.');
      socket.replace();
    };
    return await followPrompt({
      promptId: request.promptId,
      held,
      signal: request.signal,
      closing,
      calls: deps.calls,
      patience,
      watch,
      progress,
      alarm,
      hearsEvents,
      losses: () => losses,
      onAlive: judgeSocket,
    });
  } finally {
    rejoin?.stop();
    unsubscribe();
    request.signal.removeEventListener('abort', alarm.ring);
    closing.removeEventListener('abort', alarm.ring);
  }
}

interface Rejoin {
  stop(): void;
}

/**
 * A second socket under the client id that a running prompt was submitted with, after its own socket is gone (agent
 * restarted, connection lost): live progress comes back. The gap before it lets the server finish with the old
 * connection, or this one would be deaf (contract 5.8, 5.11.20); deaf or not, polling finds the end.
 */
function rejoinAs(clientId: string, deps: RunDeps, watch: PromptWatch): Rejoin {
  let link: EventLink | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const later = () => {
    if (stopped) return;
    timer = setTimeout(open, deps.patience.rejoinMs);
  };
  const open = () => {
    link = openEventLink(deps.endpoint, clientId, {
      // The kept socket brings the status frames; twice would only mean two looks.
      onFrame: (frame) => frame.type !== 'status' && watch.handle(frame),
      onActivity: watch.activity,
      onClose: later,
    });
  };
  later();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
      link?.drop();
    },
  };
}
