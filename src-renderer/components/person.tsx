import { nicknameOf } from '../live/names.ts';
import { useLive } from '../live/store.ts';
import { cut } from './format.ts';
import styles from './person.module.css';

/** A person on one line: "Lynx · user004", or the id alone. Where both have no room the name is cut: the id tells people apart. */
export function Person({ userId }: { userId: string }) {
  const nickname = useLive(({ room }) => nicknameOf(room, userId));
  const id = cut(userId, 60);
  if (nickname === '')
    return (
      <span className={styles.person} title={id}>
        <span className={styles.name}>{id}</span>
      </span>
    );
  const name = cut(nickname, 40);
  return (
    <span className={styles.person} title={`${name} · ${id}`}>
      <bdi className={styles.name}>{name}</bdi>
      <span className={styles.id}> · {id}</span>
    </span>
  );
}
