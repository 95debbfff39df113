import { create } from 'zustand';

/** What the dialog about nicknames is open for: the one of a person, or a list of many; null while it is closed. */
export type AskedNickname = { kind: 'person'; userId: string } | { kind: 'list' } | null;

export const useAskedNickname = create<{ asked: AskedNickname }>(() => ({ asked: null }));

/** Opens the dialog with one person's nickname, from wherever. */
export const showNickname = (userId: string): void =>
  useAskedNickname.setState({ asked: { kind: 'person', userId } });
/** Opens the dialog that takes a list of nicknames. */
export const showNicknameList = (): void => useAskedNickname.setState({ asked: { kind: 'list' } });
export const closeNicknames = (): void => useAskedNickname.setState({ asked: null });
