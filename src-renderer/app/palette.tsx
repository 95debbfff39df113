import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { usePaletteActions } from './palette-actions.ts';

/** Every action by name, on Ctrl K or Cmd K. */
export function Palette({ showKeys }: { showKeys: () => void }) {
  const [open, setOpen] = useState(false);
  const groups: SpotlightActionGroupData[] = usePaletteActions(showKeys, open).map(({ group, actions }) => ({
    group,
    actions: actions.map(({ id, label, description, act }) => ({
      id,
      label,
      ...(description === undefined ? {} : { description }),
      onClick: act,
    })),
  }));
  return (
    <Spotlight
      actions={groups}
      onSpotlightOpen={() => setOpen(true)}
      onSpotlightClose={() => setOpen(false)}
      shortcut="mod + K"
      tagsToIgnore={[]}
      attributes={{ content: { 'aria-label': 'Actions' } }}
      nothingFound="No action by that name"
      highlightQuery
      scrollable
      maxHeight={420}
      limit={60}
      searchProps={{
        leftSection: <IconSearch size="1.125rem" aria-hidden />,
        placeholder: 'Find an action',
        'aria-label': 'Find an action',
        onKeyDown: (event) => {
          if (event.key === 'Enter') pressFirstIfNone();
        },
      }}
    />
  );
}

/** Whoever types faster than the list selects its first entry means that entry; Enter must not do nothing. */
function pressFirstIfNone(): void {
  const actions = document.querySelectorAll<HTMLElement>('.mantine-Spotlight-action');
  if (![...actions].some((action) => action.hasAttribute('data-selected'))) actions[0]?.click();
}
