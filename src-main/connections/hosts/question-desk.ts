import { randomUUID } from 'node:crypto';
import type { HostAnswer, HostQuestion } from '../../domain/hosts/host-link.ts';
import type { OpenQuestion } from './ssh-failure.ts';

/** The one question of a link that waits for a person; a new one takes the place of the one before. */
export interface QuestionDesk {
  put(open: OpenQuestion, take: (answer: HostAnswer) => Promise<void>): void;
  /** An answer to another question than the one that waits does nothing. */
  answer(questionId: string, answer: HostAnswer): Promise<void>;
  /** Nobody needs the answer any more. */
  lapse(): void;
}

/** @param show called with each question as it is put. */
export function createQuestionDesk(show: (question: HostQuestion) => void): QuestionDesk {
  let waiting: { id: string; take: (answer: HostAnswer) => Promise<void> } | undefined;
  return {
    put(open, take) {
      const question = { ...open, id: randomUUID() };
      waiting = { id: question.id, take };
      show(question);
    },
    async answer(questionId, answer) {
      const asked = waiting;
      if (asked?.id !== questionId) return;
      waiting = undefined;
      await asked.take(answer);
    },
    lapse() {
      waiting = undefined;
    },
  };
}
