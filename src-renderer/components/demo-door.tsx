import { Button } from '@mantine/core';
import { useDemo, useLeaveDemo, useStartDemo } from '../live/demo-verbs.ts';
import { goTo } from './navigate.ts';

/** The door to look around without any risk, where this computer can open it; leads to its Stage. */
export function DemoDoor({ className }: { className?: string | undefined }) {
  const demo = useDemo();
  const start = useStartDemo(() => goTo('stage'));
  if (!demo || demo.state === 'absent') return null;
  if (demo.state === 'open')
    return (
      <p className={className}>
        You are in the demo. <LeaveDemo />
      </p>
    );
  if (demo.state === 'no-redis')
    return (
      <p className={className}>
        A demo with made-up participants could run here, but redis-server is not installed on this computer.
      </p>
    );
  return (
    <p className={className}>
      To look around without any risk:{' '}
      <Button
        size="compact-sm"
        variant="light"
        loading={start.isPending || demo.state === 'starting'}
        onClick={() => start.mutate()}
      >
        Open the demo
      </Button>{' '}
      It runs on this computer, with made-up participants and no real GPU, and ends when you leave it.
    </p>
  );
}

/** The way back to where the person was; null outside of the demo. */
export function LeaveDemo() {
  const demo = useDemo();
  const leave = useLeaveDemo();
  if (demo?.state !== 'open') return null;
  return (
    <Button size="compact-sm" variant="light" loading={leave.isPending} onClick={() => leave.mutate()}>
      Leave the demo
    </Button>
  );
}
