import { Button, Menu } from '@mantine/core';
import { IconBookmark, IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import type { JobView } from '../../../src-main/api/types.ts';
import { isView, READY_VIEWS, showView } from '../../components/ready-views.ts';
import { useJobViews } from '../../live/job-views.ts';
import styles from './jobs.module.css';
import { ViewsPanel } from './views-panel.tsx';

/** The views that a host comes back to: ready ones and those saved here. */
export function ViewsMenu({ filter, sort }: Pick<JobView, 'filter' | 'sort'>) {
  const kept = useJobViews();
  const [open, setOpen] = useState(false);
  const own = kept?.views ?? [];
  const current = [...own, ...READY_VIEWS].find((view) => isView(view, filter, sort));
  const entry = ({ name }: JobView) => (
    <Menu.RadioItem key={name} value={name} closeMenuOnClick>
      <span className={styles.viewName}>{name}</span>
    </Menu.RadioItem>
  );
  const show = (name: string) => {
    const view = [...own, ...READY_VIEWS].find((one) => one.name === name);
    if (view) showView(view);
  };
  return (
    <>
      <Menu position="bottom-start" width={280}>
        <Menu.Target>
          <Button
            variant="default"
            className={styles.views ?? ''}
            aria-label={current ? `Views: ${current.name}` : 'Views'}
            leftSection={<IconBookmark size="1rem" aria-hidden />}
            rightSection={<IconChevronDown size="1rem" aria-hidden />}
          >
            <span className={styles.viewName}>{current?.name ?? 'Views'}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown className={styles.viewsList ?? ''}>
          <Menu.RadioGroup value={current?.name ?? ''} onChange={show}>
            {own.length > 0 && <Menu.Label>Saved on this computer</Menu.Label>}
            {own.map(entry)}
            <Menu.Label>Ready</Menu.Label>
            {READY_VIEWS.map(entry)}
          </Menu.RadioGroup>
          <Menu.Divider />
          <Menu.Item onClick={() => setOpen(true)}>Save and manage views…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ViewsPanel opened={open} close={() => setOpen(false)} filter={filter} sort={sort} kept={kept} />
    </>
  );
}
