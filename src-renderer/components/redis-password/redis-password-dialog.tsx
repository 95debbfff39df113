import { Modal, Text } from '@mantine/core';
import { useLive } from '../../live/store.ts';
import { wantsPassword } from '../describe-link.ts';
import { RedisPasswordForm } from './redis-password-form.tsx';
import { closeRedisPassword, useRedisPasswordOpen } from './redis-password-open.ts';

/** Takes the password that Redis wants, wherever that was noticed. Stands once, in the shell. */
export function RedisPasswordDialog() {
  const open = useRedisPasswordOpen();
  const name = useLive((state) => state.name);
  const where = useLive((state) => (state.redisAddress ? `Redis at ${state.redisAddress}` : 'Redis'));
  const wanted = useLive(({ links }) => wantsPassword(links.redis));
  return (
    <Modal
      opened={open && name !== null}
      onClose={closeRedisPassword}
      title="Redis password"
      closeButtonProps={{ 'aria-label': 'Later' }}
      styles={{ title: { fontWeight: 650 } }}
    >
      <Text size="sm" c="var(--dim)" mb="sm" style={{ overflowWrap: 'anywhere' }}>
        {wanted ? `${where} asks for it.` : `For ${where}, should it have been changed there.`} It is
        REDIS_PASSWORD in the .env on the VPS.
      </Text>
      <RedisPasswordForm done={closeRedisPassword} />
    </Modal>
  );
}
