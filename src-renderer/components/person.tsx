import { nicknameOf } from '../live/names.ts';
import { useLive } from '../live/store.ts';
import { cut } from './format.ts';
import styles from './person.module.css';

/** A person on one line: "Lynx · user004", or the id alone. What has no room is cut at the end, the id first. */
export function Person({ userId }: { userId: string }) {
  const nickname = useLive(({ room }) => nicknameOf(room, userId));
  const id = cut(userId, 60);
  if (nickname === '')
    return (
      <span className={styles.person} title={id}>
        {id}
      </span>
    );
  const name = cut(nickname, 40);
  return (
    <span className={styles.person} title={`${name} · ${id}`}>
      <bdi>{name}</bdi>
      <span className={styles.id}> · {id}</span>
    </span>
  );
}
