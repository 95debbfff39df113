import { countText } from '../components/format.ts';
import { useWorkshops } from './setup-verbs.ts';

/** How the people of the workshop are spoken of. */
export interface PeopleWords {
  /** "people", or "participants". */
  many: string;
  one: string;
  /** "1 person", "20 participants". */
  count(people: number): string;
}

/** @param many as Setup has it. */
export function peopleWords(many: string): PeopleWords {
  const one = many === 'people' ? 'person' : many.replace(/(?<=\p{L}{2})s$/u, '');
  return { many, one, count: (people) => `${countText(people)} ${people === 1 ? one : many}` };
}

/** By the workshop that is watched; one that was given from outside has the usual words. */
export function usePeopleWords(): PeopleWords {
  const view = useWorkshops();
  const profile = view?.workshops.find((one) => one.profile.id === view.currentId)?.profile;
  return peopleWords(profile?.wording.people ?? 'people');
}

/** As a heading begins: "Artists". */
export const atStart = (word: string): string => word.replace(/^\p{Ll}/u, (first) => first.toUpperCase());
