import type { z } from 'zod';

/** What a configuration key means, how it is read, and what to do when it is wrong. */
export interface KeySpec<Schema extends z.ZodType> {
  schema: Schema;
  /** The value's meaning and the next step, for the message about a bad value. */
  remedy: string;
  /** Its value is in no message, log line or status. */
  secret?: boolean;
}

export const key = <Schema extends z.ZodType>(
  schema: Schema,
  remedy: string,
  more: { secret?: boolean } = {},
): KeySpec<Schema> => ({ schema, remedy, ...more });
