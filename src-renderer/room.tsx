import './features/room/view/page.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { watchRoom } from './features/room/view/room-feed.ts';
import { RoomPage } from './features/room/view/room-page.tsx';
import { stayAwake } from './features/room/view/stay-awake.ts';
import { openRoomClient } from './live/client.ts';
import { takeDrops } from './live/take-drops.ts';

const root = document.getElementById('root');
if (!root) throw new Error('room.html has no #root');

watchRoom(openRoomClient());
stayAwake();
takeDrops();
createRoot(root).render(
  <StrictMode>
    <RoomPage />
  </StrictMode>,
);
