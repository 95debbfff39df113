import { Button } from '@mantine/core';
import { goTo } from './navigate.ts';

/** The next step wherever there is no workshop yet. */
export function SetUpButton() {
  return <Button onClick={() => goTo('stage')}>Set up a workshop</Button>;
}
