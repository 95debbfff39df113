import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { create } from 'zustand';

/** A dangerous act, and who or what it hits. */
export interface Question {
  title: string;
  /** One sentence a line; names users, minutes lost, what stays. */
  lines: readonly string[];
  /** Words on the button that does it, e.g. "Interrupt user004's job". */
  act: string;
  onAct: () => void;
}

const useQuestion = create<{ question: Question | null; open: boolean }>(() => ({
  question: null,
  open: false,
}));

/** Asks before something that cannot be undone. */
export function askFirst(question: Question): void {
  useQuestion.setState({ question, open: true });
}

const close = () => useQuestion.setState({ open: false });

/** The dialog behind `askFirst`; stands once, in the shell. The safe way out has the focus. */
export function ConfirmHost() {
  const { question, open } = useQuestion();
  return (
    <Modal
      opened={open}
      onClose={close}
      title={question?.title ?? ''}
      closeButtonProps={{ 'aria-label': 'Close' }}
      styles={{ title: { fontWeight: 650, overflowWrap: 'anywhere' } }}
    >
      <Stack gap="xs">
        {question?.lines.map((line) => (
          <Text key={line} size="sm" style={{ overflowWrap: 'anywhere' }}>
            {line}
          </Text>
        ))}
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={close} data-autofocus>
            Keep it
          </Button>
          <Button
            color="fail"
            onClick={() => {
              close();
              question?.onAct();
            }}
          >
            {question?.act}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
