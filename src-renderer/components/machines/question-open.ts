import { create } from 'zustand';

/** Questions that the person has put aside; the chip of the machine brings them back. */
export const useAside = create<{ aside: readonly string[] }>(() => ({ aside: [] }));

export function putAside(questionId: string): void {
  useAside.setState(({ aside }) => ({ aside: [...aside, questionId].slice(-50) }));
}

export function bringBack(questionId: string): void {
  useAside.setState(({ aside }) => ({ aside: aside.filter((id) => id !== questionId) }));
}
