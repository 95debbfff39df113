import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './theme/tokens.css';
import './theme/global.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { openClient } from './live/client.ts';
import { followNetwork } from './live/follow-network.ts';
import { watchWorkshop } from './live/watch.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

const { client } = openClient();
watchWorkshop(client);
followNetwork(client);
createRoot(root).render(
  <StrictMode>
    <App client={client} />
  </StrictMode>,
);
