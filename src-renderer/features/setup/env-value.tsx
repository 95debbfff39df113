import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ImportDraft } from '../../../src-main/api/types.ts';
import { useReveal } from '../../live/setup-verbs.ts';
import styles from './setup.module.css';

/** Which of the values of a key: the VPS's, the planned one, or the one that stands on the GPU host. */
type ValueOf = 'source' | 'target' | 'before';

const WHERE: Record<ValueOf, string> = {
  source: 'on the VPS',
  target: 'on the GPU host',
  before: 'as it stands there',
};

/** One value of a .env; a secret is masked until somebody asks for it, and again once the import was planned anew. */
export function EnvValue(props: {
  draft: ImportDraft;
  name: string;
  secret: boolean;
  of: ValueOf;
  /** As main sent it: masked where it is secret; null where there is none. */
  value: string | null;
  /** For the second place on a screen where the same value stands. */
  where?: string;
}) {
  const { draft, name, secret, of, value, where = WHERE[of] } = props;
  const [told, setTold] = useState<{ draft: ImportDraft; value: string } | null>(null);
  const reveal = useReveal();
  if (value === null) return <span className={styles.dim}>—</span>;
  if (!secret) return <span className={styles.value}>{value}</span>;
  const clear = told?.draft === draft ? told.value : null;
  const show = async () => {
    if (clear !== null) return setTold(null);
    const answer = await reveal.mutateAsync({ id: draft.id, key: name, of }).catch(() => null);
    setTold(answer && { draft, value: answer.value });
  };
  return (
    <span className={styles.value}>
      {clear ?? value}{' '}
      <Button
        size="compact-xs"
        variant="subtle"
        loading={reveal.isPending}
        aria-label={`${clear === null ? 'Show' : 'Hide'} ${name} ${where}`}
        onClick={() => void show()}
      >
        {clear === null ? 'Show' : 'Hide'}
      </Button>
    </span>
  );
}
