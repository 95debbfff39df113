/** What one look found, and the next step if there is one. */
export interface Finding {
  name: string;
  outcome: 'ok' | 'warn' | 'fail';
  detail: string;
  fix?: string | undefined;
}
