import { Button } from '@mantine/core';
import { type RemedyAt, usePlanRemedy } from '../../live/remedy-verbs.ts';
import { showRemedy } from './remedy-store.ts';

/** Leads to mending something on a machine: looks there first, then shows what would be done and to whom. */
export function RemedyButton(props: {
  at: RemedyAt;
  /** Words on the button, e.g. "Start Docker…". */
  label: string;
  /** It was carried out. */
  mended?: () => void;
}) {
  const { at, label, mended = () => {} } = props;
  const look = usePlanRemedy((plan) => showRemedy({ at, plan, mended }));
  return (
    <Button size="compact-sm" variant="light" loading={look.isPending} onClick={() => look.mutate(at)}>
      {label}
    </Button>
  );
}
