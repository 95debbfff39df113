import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import {
  IconKeyboard,
  IconMoon,
  IconPresentation,
  IconSearch,
  IconSettings,
  IconSun,
} from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { ConfirmHost } from '../components/confirm.tsx';
import { LeaveDemo } from '../components/demo-door.tsx';
import { clockText } from '../components/format.ts';
import { MachineQuestionHost } from '../components/machines/machine-question.tsx';
import { goTo, useScreen } from '../components/navigate.ts';
import { RedisPasswordDialog } from '../components/redis-password/redis-password-dialog.tsx';
import { RemedyHost } from '../components/remedies/remedy-host.tsx';
import { RoomBadge } from '../components/room-held.tsx';
import { AlertBell } from '../features/alerts/alert-bell.tsx';
import { AlertsDrawer } from '../features/alerts/alerts-drawer.tsx';
import { ConsoleNameDialog } from '../features/console/console-name-dialog.tsx';
import { NicknameDialog } from '../features/people/nickname-dialog.tsx';
import { RoomDialog } from '../features/room/panel/room-dialog.tsx';
import { showRoomPanel } from '../features/room/panel/room-panel.ts';
import { useEnvDrop } from '../features/setup/take-env.ts';
import { useClock } from '../live/clock.ts';
import { usePeopleWords } from '../live/people-words.ts';
import { useOpenRoom } from '../live/room-verbs.ts';
import { useRefusedChanges } from '../live/shared-verbs.ts';
import { useLive } from '../live/store.ts';
import { useOtherHosts } from '../live/use-other-hosts.ts';
import { Announcer } from './announcer.tsx';
import { BrandMark } from './brand-mark.tsx';
import { LinkChips } from './link-chips.tsx';
import { Palette } from './palette.tsx';
import { screens } from './screens.ts';
import styles from './shell.module.css';
import { ShortcutMap } from './shortcut-map.tsx';
import { useLook } from './use-look.ts';
import { useShortcuts } from './use-shortcuts.ts';

const APPLE = /Mac|iPhone|iPad/.test(navigator.userAgent);

/** The frame around every screen: navigation, the workshop's name, its links. */
export function Shell() {
  const current = useScreen();
  const screen = screens.find(({ id }) => id === current) ?? screens[0];
  const [mapShown, map] = useDisclosure(false);
  useShortcuts(map.open);
  useOtherHosts();
  useEnvDrop();
  useRefusedChanges();
  const content = useRef<HTMLElement>(null);
  const shown = useRef(current);
  useEffect(() => {
    content.current?.scrollTo({ top: 0 });
    // What had the focus may have gone with the screen before; from nowhere, Tab would begin at the very top.
    const { activeElement } = document;
    const lost = activeElement === null || activeElement === document.body;
    if (lost && shown.current !== current) content.current?.focus({ preventScroll: true });
    shown.current = current;
  }, [current]);
  if (!screen) return null;
  const Screen = screen.component;
  return (
    <div className={styles.shell}>
      <button type="button" className={styles.skip} onClick={() => content.current?.focus()}>
        Skip to {screen.name}
      </button>
      <Navigation current={screen.id} showMap={map.open} />
      <div className={styles.main}>
        <Top />
        <main
          ref={content}
          className={`${styles.content} ${screen.fills ? styles.fills : ''}`}
          aria-label={screen.name}
          tabIndex={-1}
        >
          <Screen />
        </main>
      </div>
      <Announcer />
      <ConfirmHost />
      <RemedyHost />
      <MachineQuestionHost />
      <RedisPasswordDialog />
      <RoomDialog />
      <AlertsDrawer />
      <ConsoleNameDialog />
      <NicknameDialog />
      <ShortcutMap opened={mapShown} close={map.close} />
      <Palette showKeys={map.open} />
    </div>
  );
}

function Navigation({ current, showMap }: { current: string; showMap: () => void }) {
  const { dark, toggle } = useLook();
  const room = useOpenRoom();
  return (
    <nav className={styles.nav} aria-label="Screens">
      <div className={styles.brand}>
        <BrandMark className={styles.mark} />
        <span>Workshop Console</span>
      </div>
      {screens.map(({ id, name, icon: Icon }, at) => (
        <button
          key={id}
          type="button"
          className={styles.link}
          aria-current={id === current ? 'page' : undefined}
          aria-keyshortcuts={String(at + 1)}
          onClick={() => goTo(id)}
        >
          <Icon size="1.125rem" aria-hidden color="var(--icon, currentcolor)" />
          <span className={styles.word}>{name}</span>
          <kbd className={styles.key} aria-hidden>
            {at + 1}
          </kbd>
        </button>
      ))}
      <div className={styles.spring} />
      <button type="button" className={styles.link} onClick={() => room.mutate({})} aria-keyshortcuts="P">
        <IconPresentation size="1.125rem" aria-hidden />
        <span className={styles.word}>Room view</span>
        <RoomBadge
          otherwise={
            <kbd className={styles.key} aria-hidden>
              P
            </kbd>
          }
        />
      </button>
      <button type="button" className={styles.link} onClick={showRoomPanel} aria-keyshortcuts="Shift+P">
        <IconSettings size="1.125rem" aria-hidden />
        <span className={styles.word}>Room panel</span>
        <kbd className={styles.key} aria-hidden>
          ⇧P
        </kbd>
      </button>
      <button
        type="button"
        className={styles.link}
        onClick={spotlight.open}
        aria-keyshortcuts="Control+K Meta+K"
      >
        <IconSearch size="1.125rem" aria-hidden />
        <span className={styles.word}>Actions</span>
        <kbd className={styles.key} aria-hidden>
          {APPLE ? '⌘K' : 'Ctrl K'}
        </kbd>
      </button>
      <button type="button" className={styles.link} onClick={showMap} aria-keyshortcuts="?">
        <IconKeyboard size="1.125rem" aria-hidden />
        <span className={styles.word}>Keys</span>
        <kbd className={styles.key} aria-hidden>
          ?
        </kbd>
      </button>
      <button type="button" className={styles.link} onClick={toggle} aria-keyshortcuts="L">
        {dark ? <IconSun size="1.125rem" aria-hidden /> : <IconMoon size="1.125rem" aria-hidden />}
        <span className={styles.word}>{dark ? 'Light' : 'Dark'}</span>
        <kbd className={styles.key} aria-hidden>
          L
        </kbd>
      </button>
    </nav>
  );
}

function Top() {
  const name = useLive((state) => state.name);
  const people = useLive(({ jobs, jobsVersion }) => (jobsVersion < 0 ? 0 : jobs.people));
  const words = usePeopleWords();
  const time = useClock((now) => clockText(now, now));
  useEffect(() => {
    document.title = name === null ? 'Workshop Console' : `${name} · Workshop Console`;
  }, [name]);
  return (
    <header className={styles.top}>
      <h1 className={styles.workshop}>{name ?? 'Workshop Console'}</h1>
      <span className={styles.sub}>
        {people > 0 && `${words.count(people)} · `}
        {time}
      </span>
      <LeaveDemo />
      <LinkChips />
      <AlertBell />
    </header>
  );
}
