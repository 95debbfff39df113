import { z } from 'zod';
import { queueModeSchema } from '../../worker-agent/src/contract/desired.ts';
import { hostIdSchema, workerIdSchema } from '../../worker-agent/src/contract/host.ts';
import { alertsRouter } from './alerts-router.ts';
import { capacityRouter } from './capacity-router.ts';
import { demoRouter } from './demo-router.ts';
import { deployRouter } from './deploy-router.ts';
import { envImportRouter } from './env-import-router.ts';
import { historyActs } from './history-acts.ts';
import { jobActs } from './job-acts.ts';
import { jobViewsRouter } from './job-views-router.ts';
import { logsRouter } from './logs-router.ts';
import { machinesRouter } from './machines-router.ts';
import { peopleActs } from './people-acts.ts';
import { remediesRouter } from './remedies-router.ts';
import { roomActs } from './room-acts.ts';
import { procedure, router } from './trpc.ts';
import { workshopsRouter } from './workshops-router.ts';

const revision = z.number().int().positive().nullable();
const workers = z.object({ hostId: hostIdSchema, workerIds: z.array(workerIdSchema).max(64), revision });
const worker = z.object({ hostId: hostIdSchema, workerId: workerIdSchema });

/** The one API between renderer and main: parse, call one service. */
export const appRouter = router({
  workshop: router({
    changes: procedure.subscription(async function* ({ ctx, signal }) {
      yield* ctx.services.watch.watch(signal ?? new AbortController().signal, ctx.backlogBytes);
    }),
  }),
  fleet: router({
    setCount: procedure
      .input(z.object({ hostId: hostIdSchema, workers: z.number().int().min(0).max(64), revision }))
      .mutation(({ ctx, input }) => ctx.services.fleet.setCount(input)),
    drain: procedure.input(workers).mutation(({ ctx, input }) => ctx.services.fleet.drain(input)),
    resume: procedure.input(workers).mutation(({ ctx, input }) => ctx.services.fleet.resume(input)),
    restartWorker: procedure
      .input(worker)
      .mutation(({ ctx, input }) => ctx.services.fleet.restartWorker(input)),
    freeVram: procedure.input(worker).mutation(({ ctx, input }) => ctx.services.fleet.freeVram(input)),
    holdQueue: procedure
      .input(z.object({ held: z.boolean(), revision }))
      .mutation(({ ctx, input }) => ctx.services.fleet.holdQueue(input)),
    setMode: procedure
      .input(z.object({ mode: queueModeSchema.nullable(), revision }))
      .mutation(({ ctx, input }) => ctx.services.fleet.setMode(input)),
  }),
  jobs: jobActs,
  jobViews: jobViewsRouter,
  people: peopleActs,
  room: roomActs,
  envImport: envImportRouter,
  workshops: workshopsRouter,
  machines: machinesRouter,
  alerts: alertsRouter,
  capacity: capacityRouter,
  history: historyActs,
  logs: logsRouter,
  consoleName: router({
    rename: procedure
      .input(z.object({ name: z.string().max(200).nullable() }))
      .mutation(({ ctx, input }) => ctx.services.consoleName.rename(input)),
  }),
  deploy: deployRouter,
  demo: demoRouter,
  remedies: remediesRouter,
  network: router({ changed: procedure.mutation(({ ctx }) => ctx.services.network.changed()) }),
  settings: router({
    connect: procedure
      .input(
        z.object({
          name: z.string().trim().min(1, 'give the workshop a name').max(100),
          host: z.string().trim().min(1, 'give the Redis host').max(255),
          port: z.number().int().min(1).max(65535),
          password: z.string().max(1000).nullable(),
          tls: z.boolean(),
          through: z.enum(['direct', 'vps']).optional(),
        }),
      )
      .mutation(({ ctx, input }) => ctx.services.settings.connect(input)),
    disconnect: procedure.mutation(({ ctx }) => ctx.services.settings.disconnect()),
    reconnectNow: procedure.mutation(({ ctx }) => ctx.services.settings.reconnectNow()),
    enterPassword: procedure
      .input(z.object({ password: z.string().min(1, 'enter the password').max(1000), keep: z.boolean() }))
      .mutation(({ ctx, input }) => ctx.services.settings.enterPassword(input)),
  }),
});

export type AppRouter = typeof appRouter;
