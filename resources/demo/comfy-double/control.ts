/** POST /double/control and GET /double/state: failure injection from another process. */

import { z } from 'zod';
import { FAILURE_KINDS, type Faults } from './faults.ts';
import { type HttpAnswer, jsonAnswer } from './http.ts';
import type { Life } from './life.ts';

/** Body of POST /double/control. */
const controlSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('silence'), seconds: z.number().positive() }),
  z.object({ action: z.literal('delayReply'), milliseconds: z.number().min(0) }),
  z.object({ action: z.literal('answerHtml'), status: z.int().min(200).max(599).optional() }),
  z.object({ action: z.literal('hangHttp') }),
  z.object({ action: z.literal('killPromptThread') }),
  z.object({ action: z.literal('deafSockets') }),
  z.object({ action: z.literal('deafAfterReconnect') }),
  z.object({ action: z.literal('failNextPrompts'), count: z.int().positive(), kind: z.enum(FAILURE_KINDS) }),
  z.object({ action: z.literal('dropConnections') }),
  z.object({ action: z.literal('delayModelLoad'), milliseconds: z.number().min(0) }),
  z.object({ action: z.literal('restart'), downMs: z.number().min(0).optional() }),
  z.object({ action: z.literal('crash') }),
  z.object({ action: z.literal('clear') }),
]);
type ControlAction = z.infer<typeof controlSchema>;

function applyControl(faults: Faults, control: ControlAction): void {
  switch (control.action) {
    case 'silence':
      faults.silence(control.seconds);
      break;
    case 'answerHtml':
      faults.answerHtml(control.status);
      break;
    case 'failNextPrompts':
      faults.failNextPrompts(control.count, control.kind);
      break;
    case 'delayReply':
      faults.delayReply(control.milliseconds);
      break;
    case 'delayModelLoad':
      faults.delayModelLoad(control.milliseconds);
      break;
    case 'restart':
      void faults.restart(control.downMs);
      break;
    default:
      faults[control.action]();
  }
}

export function answerControl(pathname: string, body: Buffer, life: Life, faults: Faults): HttpAnswer {
  if (pathname === '/double/state') {
    const { queue, hub, card } = life;
    return jsonAnswer({
      queue_remaining: queue.tasksRemaining,
      open_sockets: hub.size,
      vram_bytes: Math.round(card.used),
      loaded_models: card.loadedModels,
    });
  }
  const content: unknown = JSON.parse(body.toString('utf8'));
  const parsed = controlSchema.safeParse(content);
  if (!parsed.success) return jsonAnswer({ error: parsed.error.message }, 400);
  applyControl(faults, parsed.data);
  return jsonAnswer({ ok: true });
}
