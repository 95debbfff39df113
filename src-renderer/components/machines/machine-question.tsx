import { Button, Checkbox, Code, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { HostQuestion, MachineView } from '../../../src-main/api/types.ts';
import { useClient } from '../../live/command.ts';
import { useAnswerMachine } from '../../live/machine-verbs.ts';
import { useLiveData } from '../../live/store.ts';
import { putAside, useAside } from './question-open.ts';

/** What a machine asks before it lets us in, one question at a time. Stands once, in the shell. */
export function MachineQuestionHost() {
  const aside = useAside((state) => state.aside);
  const asking = useLiveData(({ machines }) =>
    machines.flatMap(({ id, name, address, link }) =>
      link.kind === 'asking' && !aside.includes(link.question.id)
        ? [{ id, name, address, question: link.question }]
        : [],
    ),
  );
  const [first] = asking;
  return (
    <Modal
      opened={first !== undefined}
      onClose={() => first && putAside(first.question.id)}
      title={first ? TITLES[first.question.kind](first.name) : ''}
      size="md"
      closeButtonProps={{ 'aria-label': 'Later' }}
      styles={{ title: { fontWeight: 650, overflowWrap: 'anywhere' } }}
    >
      {first && <Question key={first.question.id} {...first} />}
    </Modal>
  );
}

const TITLES: Record<HostQuestion['kind'], (name: string) => string> = {
  'host-key': (name) => `Is this really ${name}?`,
  password: (name) => `Password for ${name}`,
  passphrase: () => 'Passphrase of your key',
  prompts: (name) => `${name} asks`,
};

interface QuestionProps extends Pick<MachineView, 'id' | 'name'> {
  question: HostQuestion;
}

function Question({ id, question }: QuestionProps) {
  const verb = useAnswerMachine();
  const [texts, setTexts] = useState<string[]>(() =>
    question.kind === 'prompts' ? question.prompts.map(() => '') : [''],
  );
  const [keep, setKeep] = useState(false);
  const reply = (answer: string[] | null) =>
    verb.mutate({ id, questionId: question.id, answer, keep: keep && answer !== null });
  const send = (event: FormEvent) => {
    event.preventDefault();
    reply(question.kind === 'host-key' ? [] : texts);
  };
  const setText = (at: number, text: string) =>
    setTexts((before) => before.map((one, place) => (place === at ? text : one)));
  return (
    <form onSubmit={send}>
      <Stack gap="sm">
        <Body question={question} texts={texts} setText={setText} />
        {(question.kind === 'password' || question.kind === 'passphrase') && (
          <Keep keep={keep} setKeep={setKeep} />
        )}
        <Group justify="flex-end" mt="xs">
          <Button variant="default" onClick={() => reply(null)} disabled={verb.isPending}>
            {question.kind === 'host-key' ? 'No, do not connect' : 'Do not log in'}
          </Button>
          <Button type="submit" loading={verb.isPending}>
            {question.kind === 'host-key' ? 'Yes, it is the same' : 'Log in'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Body(props: {
  question: HostQuestion;
  texts: string[];
  setText: (at: number, text: string) => void;
}) {
  const { question, texts, setText } = props;
  switch (question.kind) {
    case 'host-key':
      return (
        <>
          <Text size="sm">
            This computer has never met <b style={{ overflowWrap: 'anywhere' }}>{question.machine}</b>.
            Compare this fingerprint with the one that your provider shows, or that the machine prints on its
            own screen.
          </Text>
          <Code block style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
            {`${question.keyType}\n${question.fingerprint}`}
          </Code>
          <Text size="sm" c="dimmed">
            Nothing has been sent to it yet. Your answer is kept in known_hosts; you are asked once.
          </Text>
        </>
      );
    case 'password':
    case 'passphrase':
      return (
        <>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {question.kind === 'password'
              ? `For ${question.machine}.`
              : `The key ${question.keyFile} is locked. It is needed for ${question.machine}.`}
          </Text>
          <PasswordInput
            label={question.kind === 'password' ? 'Password' : 'Passphrase'}
            value={texts[0] ?? ''}
            onChange={(event) => setText(0, event.currentTarget.value)}
            error={question.again ? 'That was not right; try again.' : undefined}
            autoComplete="off"
            data-autofocus
            required
          />
        </>
      );
    case 'prompts':
      return (
        <>
          {question.instruction && (
            <Text size="sm" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
              {question.instruction}
            </Text>
          )}
          {question.prompts.map(({ text, echo }, at) => {
            const Input = echo ? TextInput : PasswordInput;
            return (
              <Input
                // biome-ignore lint/suspicious/noArrayIndexKey: the prompts of one question never move.
                key={at}
                label={text.trim() || 'Answer'}
                value={texts[at] ?? ''}
                onChange={(event) => setText(at, event.currentTarget.value)}
                autoComplete="off"
                {...(at === 0 && { 'data-autofocus': true })}
              />
            );
          })}
        </>
      );
  }
}

function Keep({ keep, setKeep }: { keep: boolean; setKeep: (keep: boolean) => void }) {
  const client = useClient();
  const { data } = useQuery({
    queryKey: ['machines', 'keeping'],
    queryFn: () => client.machines.keeping.query(),
    networkMode: 'always',
  });
  if (data?.keychain)
    return (
      <Checkbox
        label="Keep it in the keychain of this computer"
        checked={keep}
        onChange={(event) => setKeep(event.currentTarget.checked)}
      />
    );
  return (
    <Text size="sm" c="dimmed">
      It is remembered until this console is closed; this computer offers no keychain.
    </Text>
  );
}
