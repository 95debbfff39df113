import { ActionIcon, Button, Popover, Text } from '@mantine/core';
import { IconHelp } from '@tabler/icons-react';
import { useState } from 'react';
import styles from './filter-help.module.css';

/** Something that can be typed into a search, and what it shows. */
export interface FilterExample {
  typed: string;
  means: string;
}

/** What can be typed into the search beside it; a press on an example types it. Opened by mouse or by keys. */
export function FilterHelp(props: {
  /** "jobs" */
  of: string;
  examples: readonly FilterExample[];
  take: (typed: string) => void;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom"
      width={440}
      trapFocus
      returnFocus
      shadow="md"
      withRoles={false}
    >
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="var(--dim)"
          aria-label={`What can be typed to find ${props.of}`}
          aria-haspopup="dialog"
          aria-expanded={opened}
          onClick={() => setOpened((before) => !before)}
        >
          <IconHelp size="1.0625rem" aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={`What can be typed to find ${props.of}`}>
        <Text size="sm">All that is typed must hold. Any other word is searched for.</Text>
        <ul className={styles.list}>
          {props.examples.map(({ typed, means }) => (
            <li key={typed}>
              <Button
                size="compact-sm"
                variant="default"
                justify="flex-start"
                ff="monospace"
                onClick={() => {
                  props.take(typed);
                  setOpened(false);
                }}
              >
                {typed}
              </Button>
              <span className={styles.means}>{means}</span>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}
