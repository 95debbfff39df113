import { expect, test } from 'vitest';
import { findSources } from '../../../../src-main/domain/logs/find-sources.ts';
import { followContainer } from '../../../../src-main/services/logs/follow-container.ts';
import { followJournal } from '../../../../src-main/services/logs/follow-journal.ts';

test('what the look prints becomes a list: agent first, workers in order, each place once, the one that lives under the plain name', () => {
  const printed = [
    'journal\tsystem',
    'env\t/root/agent.env',
    'env\t/root/agent.env',
    'agent-file\t/var/log/agent.log',
    'agent-file\t/var/log/agent.log',
    'worker-file\tworker-10\t/s/logs/worker-10.log',
    'worker-file\tworker-2\t/s/logs/worker-2.log',
    'worker-file\tworker-7\t/s/logs/worker-7.log',
    'container\tworker-7\tcomfy-gpu-worker-7\texited\t000000000001',
    'container\tworker-2\tcomfy-gpu-worker-2\trunning\t000000000002',
    'container\tworker-2\tcomfy-gpu-worker-2\trunning\t000000000002\tunix:///run/again.sock',
    'container\tworker-3\t--privileged\trunning\t000000000003',
    'container\tworker-5\tc-worker-5\trunning\t000000000004\tunix:///run/user/1000/docker.sock',
    'container\tworker-6\tc-worker-6\trunning\t000000000005\ttcp://evil:2375',
    'worker-file\t../x\t/etc/passwd',
    'worker-file\tworker-4\trelative',
    'rubbish',
  ].join('\n');
  const { sources, envFiles } = findSources(printed);
  expect(sources.map(({ id, where }) => `${id}: ${where}`)).toEqual([
    'agent: journal of worker-agent.service',
    'agent-2: file /var/log/agent.log',
    'worker-2: container comfy-gpu-worker-2',
    'worker-2-2: file /s/logs/worker-2.log',
    'worker-5: container c-worker-5',
    'worker-7: file /s/logs/worker-7.log',
    'worker-7-2: stopped container comfy-gpu-worker-7',
    'worker-10: file /s/logs/worker-10.log',
  ]);
  expect(sources.find(({ id }) => id === 'worker-5')).toMatchObject({
    socket: 'unix:///run/user/1000/docker.sock',
  });
  expect(envFiles).toEqual(['/root/agent.env']);
  expect(findSources('').sources).toEqual([]);
});

test('a container is taken up where each of its streams was left', () => {
  const follower = followContainer('c-worker-1');
  expect(follower.argv(100)).toEqual([
    ...['docker', 'logs', '--follow', '--timestamps', '--tail', '100', 'c-worker-1'],
  ]);
  expect(followContainer('c', 'unix:///run/user/1000/docker.sock').argv(1).slice(0, 4)).toEqual([
    ...['docker', '--host', 'unix:///run/user/1000/docker.sock', 'logs'],
  ]);
  const texts = (lines: [string, 'stdout' | 'stderr'][]) =>
    lines.flatMap(([line, from]) => follower.take(line, from)?.text ?? []);
  const at = (second: number) => `2026-11-24T09:30:0${second}.000000000Z`;
  expect(
    texts([
      [`${at(1)} one`, 'stdout'],
      [`${at(3)} three`, 'stdout'],
      [`${at(3)} three`, 'stdout'],
      [`${at(2)} two`, 'stderr'],
    ]),
  ).toEqual(['one', 'three', 'three', 'two']);
  expect(follower.argv(100).slice(4)).toEqual(['--since', at(2), 'c-worker-1']);
  expect(
    texts([
      [`${at(3)} three`, 'stdout'],
      [`${at(2)} two`, 'stderr'],
      [`${at(3)} three`, 'stdout'],
      [`${at(3)} three again`, 'stdout'],
      [`${at(2)} two again`, 'stderr'],
    ]),
  ).toEqual(['three again', 'two again']);
  expect(follower.take('Error response from daemon: x', 'stderr')).toMatchObject({ kind: 'trouble' });
});

test('the journal is taken up behind its cursor, and bytes that are no text are read as far as they are', () => {
  const follower = followJournal('worker-agent.service', true);
  expect(follower.argv(50)).toContain('--user-unit');
  const entry = { __CURSOR: 's=1;i=2', __REALTIME_TIMESTAMP: '1700000000123456', PRIORITY: '4' };
  expect(follower.take(JSON.stringify({ ...entry, MESSAGE: 'slow' }), 'stdout')).toEqual({
    ...{ kind: 'line', text: 'slow', at: 1_700_000_000_123, level: 'warn', age: 'new' },
  });
  expect(follower.take(JSON.stringify({ ...entry, MESSAGE: [104, 105, 255] }), 'stdout')).toMatchObject({
    text: 'hi\ufffd',
  });
  expect(follower.argv(50).slice(-3)).toEqual(['--no-tail', '--after-cursor', 's=1;i=2']);
  expect(follower.take('Failed to seek to cursor: Invalid argument', 'stderr')).toMatchObject({
    kind: 'note',
  });
  expect(follower.argv(50).slice(-2)).toEqual(['--lines', '50']);
  expect(follower.take('-- No entries --', 'stdout')).toBeUndefined();
  expect(follower.take('No journal files were opened', 'stderr')).toMatchObject({ kind: 'trouble' });
});
