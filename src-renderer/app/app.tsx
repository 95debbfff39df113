import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { Client } from '../live/client.ts';
import { ClientContext } from '../live/command.ts';
import { cssVariablesResolver, POPUPS, theme } from '../theme/theme.ts';
import { Shell } from './shell.tsx';

/** Above dialogs (200), whose outcome they tell; below menus (300), which a notice must never cover. */
const NOTICES_LAYER = 250;

const queryClient = new QueryClient();
const look = localStorageColorSchemeManager({ key: 'workshop-console-look' });

/** The renderer's providers around its shell. */
export function App({ client }: { client: Client }) {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="dark"
      colorSchemeManager={look}
      cssVariablesResolver={cssVariablesResolver}
    >
      <QueryClientProvider client={queryClient}>
        <ClientContext value={client}>
          <section id={POPUPS} aria-label="Menus and notices" />
          <Notifications position="bottom-right" limit={5} containerWidth={380} zIndex={NOTICES_LAYER} />
          <Shell />
        </ClientContext>
      </QueryClientProvider>
    </MantineProvider>
  );
}
