import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { plural } from '../../components/format.ts';
import { showJobsOf } from '../../components/navigate.ts';
import { showNickname } from '../../components/nickname-panel.ts';
import { useCancelWaiting, useCap, useHoldPerson, useLineCap, useNextTurn } from '../../live/people-verbs.ts';
import { useLive } from '../../live/store.ts';
import styles from './people.module.css';
import type { PersonRow } from './people-rows.ts';

const LIMITS = [1, 2, 3, 4];
const LINE_LIMITS = [1, 2, 3];

/**
 * What the host can do about one person. The two frequent acts are one click; both can be taken back.
 * @param tabbable the row is the one that Tab leads through; of a thousand rows only one is on Tab's way.
 */
export function PersonActions(props: {
  row: PersonRow;
  name: string;
  tabbable: boolean;
  opened: boolean;
  onOpen: (open: boolean) => void;
}) {
  const { row, name } = props;
  const { userId } = row;
  const tabIndex = props.tabbable ? 0 : -1;
  const reached = useLive(({ links, line }) => line.kind === 'live' && links.redis.kind !== 'lost');
  const hold = useHoldPerson();
  const turn = useNextTurn();
  return (
    <div className={styles.buttons}>
      <Button
        size="compact-sm"
        variant="default"
        tabIndex={tabIndex}
        disabled={!reached || (row.waiting === 0 && !row.nextTurn)}
        aria-label={row.nextTurn ? `Take the next turn from ${name}` : `Next turn to ${name}`}
        onClick={() => turn.mutate({ userId: row.nextTurn ? null : userId })}
      >
        {row.nextTurn ? 'No turn' : 'Next turn'}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        tabIndex={tabIndex}
        disabled={!reached}
        aria-label={row.held ? `Release ${name}` : `Hold ${name}`}
        onClick={() => hold.mutate({ userId, held: !row.held })}
      >
        {row.held ? 'Release' : 'Hold'}
      </Button>
      <Menu
        opened={props.opened}
        onChange={props.onOpen}
        position="bottom-end"
        middlewares={{ flip: true, shift: { crossAxis: true, padding: 8 } }}
        width={290}
        returnFocus={false}
        clickOutsideEvents={['mousedown', 'touchstart']}
      >
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="var(--dim)"
            tabIndex={tabIndex}
            aria-label={`More about ${name}`}
          >
            <IconDots size="1.0625rem" aria-hidden />
          </ActionIcon>
        </Menu.Target>
        {props.opened && <Entries row={row} name={name} reached={reached} />}
      </Menu>
    </div>
  );
}

function Entries(props: { row: PersonRow; name: string; reached: boolean }) {
  const { row, reached } = props;
  const { userId, ownCap, ownLineCap } = row;
  const cap = useCap();
  const lineCap = useLineCap();
  const cancel = useCancelWaiting();
  return (
    <Menu.Dropdown className={styles.menu}>
      {!reached && <Menu.Label>Redis is not reached now</Menu.Label>}
      <Menu.Item onClick={() => showJobsOf(userId)}>Show their jobs</Menu.Item>
      <Menu.Item onClick={() => showNickname(userId)}>Nickname…</Menu.Item>
      <Menu.Divider />
      <Menu.Label>Waiting jobs in line</Menu.Label>
      <Menu.RadioGroup
        value={String(ownLineCap ?? 'everybody')}
        onChange={(value) => lineCap.mutate({ userId, cap: value === 'everybody' ? null : Number(value) })}
      >
        {LINE_LIMITS.map((limit) => (
          <Menu.RadioItem key={limit} value={String(limit)} disabled={!reached} closeMenuOnClick>
            At most {limit} in line
          </Menu.RadioItem>
        ))}
        <Menu.RadioItem value="everybody" disabled={!reached} closeMenuOnClick>
          {row.lineCap !== null && ownLineCap === null
            ? `As everybody: at most ${row.lineCap} in line`
            : 'As everybody: any number in line'}
        </Menu.RadioItem>
      </Menu.RadioGroup>
      <Menu.Divider />
      <Menu.Label>Running jobs at once</Menu.Label>
      <Menu.RadioGroup
        value={String(ownCap ?? 'everybody')}
        onChange={(value) => cap.mutate({ userId, cap: value === 'everybody' ? null : Number(value) })}
      >
        {LIMITS.map((limit) => (
          <Menu.RadioItem key={limit} value={String(limit)} disabled={!reached} closeMenuOnClick>
            At most {plural(limit, 'job')}
          </Menu.RadioItem>
        ))}
        <Menu.RadioItem value="everybody" disabled={!reached} closeMenuOnClick>
          {row.cap !== null && ownCap === null ? `As everybody: at most ${row.cap}` : 'As everybody'}
        </Menu.RadioItem>
      </Menu.RadioGroup>
      <Menu.Divider />
      <Menu.Item
        c={row.waiting > 0 ? 'var(--fail)' : undefined}
        disabled={!reached || row.waiting === 0}
        onClick={() => cancel.ask(userId, row.waiting)}
      >
        Cancel all waiting…
      </Menu.Item>
    </Menu.Dropdown>
  );
}
