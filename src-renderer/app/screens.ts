import {
  type Icon,
  IconAdjustments,
  IconFileText,
  IconGauge,
  IconHistory,
  IconLayoutDashboard,
  IconListDetails,
  IconServer2,
  IconUsers,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { ScreenId } from '../components/navigate.ts';
import { CapacityScreen } from '../features/capacity/capacity-screen.tsx';
import { HostsScreen } from '../features/hosts/hosts-screen.tsx';
import { JobsScreen } from '../features/jobs/jobs-screen.tsx';
import { LogsScreen } from '../features/logs/logs-screen.tsx';
import { PeopleScreen } from '../features/people/people-screen.tsx';
import { RecapScreen } from '../features/recap/recap-screen.tsx';
import { SetupScreen } from '../features/setup/setup-screen.tsx';
import { StageScreen } from '../features/stage/stage-screen.tsx';

/** The screens that exist, in the order of their keys 1, 2 … */
export const screens: readonly {
  id: ScreenId;
  name: string;
  icon: Icon;
  component: ComponentType;
  /** Scrolls as a whole, or fills the window and scrolls inside. */
  fills: boolean;
}[] = [
  { id: 'stage', name: 'Stage', icon: IconLayoutDashboard, component: StageScreen, fills: false },
  { id: 'jobs', name: 'Jobs', icon: IconListDetails, component: JobsScreen, fills: true },
  { id: 'people', name: 'People', icon: IconUsers, component: PeopleScreen, fills: true },
  { id: 'capacity', name: 'Capacity', icon: IconGauge, component: CapacityScreen, fills: false },
  { id: 'recap', name: 'Recap', icon: IconHistory, component: RecapScreen, fills: false },
  { id: 'logs', name: 'Logs', icon: IconFileText, component: LogsScreen, fills: true },
  { id: 'hosts', name: 'Hosts', icon: IconServer2, component: HostsScreen, fills: false },
  { id: 'setup', name: 'Setup', icon: IconAdjustments, component: SetupScreen, fills: false },
];
