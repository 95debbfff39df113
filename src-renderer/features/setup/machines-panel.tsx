import { Button, Group, NativeSelect, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { GpuHostProfile, MachineLogin, WorkshopProfile } from '../../../src-main/api/types.ts';
import { askFirst } from '../../components/confirm.tsx';
import { describeMachine } from '../../components/machines/describe-machine.ts';
import {
  describeOwnTailnet,
  describeTailnet,
  needsALook,
} from '../../components/machines/describe-tailnet.ts';
import { MachineActs } from '../../components/machines/machine-acts.tsx';
import { TailnetNotes } from '../../components/machines/tailnet-notes.tsx';
import { Panel } from '../../components/panel.tsx';
import { ToneIcon } from '../../components/state-mark.tsx';
import { toneColor } from '../../components/tone.ts';
import { useNow } from '../../live/clock.ts';
import { useSaveWorkshop } from '../../live/setup-verbs.ts';
import { useLive } from '../../live/store.ts';
import { HostAbout } from './host-about.tsx';
import { LoginForm } from './login-form.tsx';
import { MODAL_NOTE, PROVIDERS } from './providers.ts';
import styles from './setup.module.css';

interface PanelProps {
  profile: WorkshopProfile;
}

/** The server with Redis and the participants' pages. */
export function VpsPanel({ profile }: PanelProps) {
  const save = useSaveWorkshop();
  const { redis } = profile;
  return (
    <Panel title="VPS">
      <p className={styles.text}>
        The server that Redis, the queue and the participants’ pages run on. With a login, its .env can be
        read, and Redis can be reached through it when this computer is not in the tailnet.
      </p>
      <Way id="vps" />
      <LoginForm
        key={JSON.stringify(profile.vps)}
        login={profile.vps}
        act={profile.vps ? 'Save and connect anew' : 'Save and connect'}
        busy={save.isPending}
        save={(vps) => save.mutate({ profile: { ...profile, vps } })}
      />
      {redis && (
        <NativeSelect
          mt="sm"
          label="How this console reaches Redis"
          data={[
            { value: 'direct', label: `Directly, at ${redis.host}:${redis.port}` },
            { value: 'vps', label: 'Through the VPS, over SSH' },
          ]}
          value={redis.through}
          disabled={profile.vps === null}
          onChange={(event) =>
            save.mutate({
              profile: {
                ...profile,
                redis: { ...redis, through: event.currentTarget.value === 'vps' ? 'vps' : 'direct' },
              },
            })
          }
        />
      )}
      {redis?.through === 'direct' && <TailnetHere />}
    </Panel>
  );
}

/** What Tailscale on this computer lacks for the direct way; what is chosen above can do without. */
function TailnetHere() {
  const now = useNow();
  const tailnet = useLive((state) => state.tailnet);
  if (!tailnet) return null;
  const words = describeOwnTailnet({ ...tailnet, instead: null }, now);
  if (!needsALook(words)) return null;
  const other = words.broken && tailnet.instead === 'vps' ? 'Or choose the way through the VPS above.' : '';
  return <TailnetNotes tailnets={[{ ...words, beside: `${words.beside} ${other}`.trim() }]} />;
}

/** The machines that make the pictures. */
export function GpuHostsPanel({ profile }: PanelProps) {
  const save = useSaveWorkshop();
  const [adding, setAdding] = useState(profile.gpuHosts.length === 0);
  const add = (host: GpuHostProfile) => {
    save.mutate({ profile: { ...profile, gpuHosts: [...profile.gpuHosts, host] } });
    setAdding(false);
  };
  const change = (host: GpuHostProfile) => {
    const gpuHosts = profile.gpuHosts.map((one) => (one.id === host.id ? host : one));
    save.mutate({ profile: { ...profile, gpuHosts } });
  };
  return (
    <Panel title="GPU hosts">
      {profile.gpuHosts.map((host) => (
        <section key={host.id} className={styles.host} aria-label={host.name}>
          <h3>{host.name}</h3>
          {host.login === null ? (
            <p className={styles.text}>This computer; it needs no login.</p>
          ) : (
            <>
              <Way id={host.id} />
              <details>
                <summary>Login</summary>
                <LoginForm
                  key={JSON.stringify(host.login)}
                  login={host.login}
                  act="Save and connect anew"
                  busy={save.isPending}
                  save={(login) => change({ ...host, login })}
                />
              </details>
            </>
          )}
          <details>
            <summary>Name and place</summary>
            <HostAbout
              key={JSON.stringify([host.name, host.provider])}
              host={host}
              busy={save.isPending}
              save={change}
            />
          </details>
          <Group mt="xs">
            <Button
              size="compact-sm"
              variant="subtle"
              color="fail"
              onClick={() =>
                askFirst({
                  title: `Take ${host.name} out of this workshop?`,
                  lines: [
                    'This console forgets its login. An agent that runs there goes on; remove it on the Hosts screen first.',
                  ],
                  act: 'Take it out',
                  onAct: () =>
                    save.mutate({
                      profile: { ...profile, gpuHosts: profile.gpuHosts.filter(({ id }) => id !== host.id) },
                    }),
                })
              }
            >
              Take it out
            </Button>
          </Group>
        </section>
      ))}
      {adding ? (
        <NewHost taken={profile.gpuHosts.map(({ id }) => id)} busy={save.isPending} add={add} />
      ) : (
        <Group>
          <Button variant="default" onClick={() => setAdding(true)}>
            Add a GPU host
          </Button>
        </Group>
      )}
    </Panel>
  );
}

function NewHost({
  taken,
  busy,
  add,
}: {
  taken: string[];
  busy: boolean;
  add: (host: GpuHostProfile) => void;
}) {
  const [provider, setProvider] = useState(PROVIDERS[0]);
  const [name, setName] = useState('GPU host');
  if (!provider) return null;
  const make = (login: MachineLogin | null) =>
    add({ id: freeId(name, taken), name: name.trim() || 'GPU host', provider: provider.id, login });
  return (
    <div>
      <div className={styles.row}>
        <NativeSelect
          label="Where it is rented"
          data={PROVIDERS.map(({ id, name: label }) => ({ value: id, label }))}
          value={provider.id}
          onChange={(event) => setProvider(PROVIDERS.find(({ id }) => id === event.currentTarget.value))}
        />
        <TextInput
          label="What you call it"
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
          className={styles.wide}
        />
      </div>
      <p className={styles.text}>{provider.note}</p>
      {provider.id === 'local' ? (
        <Button onClick={() => make(null)} loading={busy}>
          Use this computer
        </Button>
      ) : (
        <LoginForm
          key={provider.id}
          login={null}
          defaults={{ user: provider.user ?? '', port: provider.port === null ? '' : String(provider.port) }}
          hint={provider.loginHint}
          act="Save and connect"
          busy={busy}
          save={make}
        />
      )}
      <details className={styles.text}>
        <summary>What about Modal?</summary>
        {MODAL_NOTE}
      </details>
    </div>
  );
}

/** How the way to a machine stands, once it is set up. */
function Way({ id }: { id: string }) {
  const now = useNow();
  const machine = useLive(({ machines }) => machines.find((one) => one.id === id));
  if (!machine) return null;
  const { tone, sentence } = describeMachine(machine, now);
  const tailnet = describeTailnet(machine, now);
  return (
    <div className={styles.way} style={{ '--tone': toneColor(tone) } as React.CSSProperties}>
      <ToneIcon tone={tone} size="1rem" />
      <div>
        <span>{sentence}</span>
        {tailnet && needsALook(tailnet) && <TailnetNotes tailnets={[tailnet]} />}
        <MachineActs id={id} />
      </div>
    </div>
  );
}

/** An id as main wants it: part of file names and of the agent's host id. */
function freeId(name: string, taken: readonly string[]): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 30);
  const base = slug === '' || slug === 'vps' ? 'gpu-host' : slug;
  for (let count = 1; ; count += 1) {
    const id = count === 1 ? base : `${base}-${count}`;
    if (!taken.includes(id)) return id;
  }
}
