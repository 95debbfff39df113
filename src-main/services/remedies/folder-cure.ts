import { WorkshopError } from '../../../worker-agent/src/contract/errors.ts';
import { type Cure, type CureFacts, failed, word } from './cure.ts';
import { toldIn } from './look.ts';

/**
 * As the user who logs in; changes nothing. Argument: the folder. What is there is told as `folder` with all links
 * followed, and each folder that the user may not write into, itself (".") and those right below it, as
 * `closed=owner name`. What is not there is told by what is there above it. A link below it may lead anywhere, by
 * whoever writes there, so root never follows one.
 */
const LOOK_AT_FOLDER = String.raw`
LC_ALL=C; export LC_ALL
path=$1
say() { printf '%s=%s\n' "$1" "$2"; }
if [ -d "$path" ]; then
  real=$(CDPATH= cd -- "$path" 2>/dev/null && pwd -P) || real=$path
  say folder "$real"
  { [ -w "$real" ] && [ -x "$real" ]; } || say closed "$(stat -c %u -- "$real") ."
  for one in "$real"/*/ "$real"/.[!.]*/; do
    one=$(printf '%s' "$one" | sed 's#/*$##')
    [ -d "$one" ] && { [ ! -w "$one" ] || [ ! -x "$one" ]; } || continue
    name=$(printf '%s' "$(basename -- "$one")" | tr '\n' '?')
    if [ -L "$one" ]; then say link "$name"; else say closed "$(stat -c %u -- "$one") $name"; fi
  done
  exit 0
fi
[ ! -e "$path" ] || say shut "$path"
near=$path
while [ ! -d "$near" ]; do near=$(dirname -- "$near"); done
say near "$near"
[ -x "$near" ] || say shut "$near"
[ -w "$near" ] && say makes yes
exit 0
`;

/** Argument: the folder. What is made belongs to who makes it. */
const MAKE_FOLDER = 'umask 022\nmkdir -p -- "$1"\n';

/**
 * As root. Arguments: user, their group, the folder, then pairs of what is done and a name below it. A folder is entered
 * and found to be where it should be before anything of it changes, so that no link leads elsewhere. Exit code 24: one
 * is not what it was.
 */
export const OPEN_FOLDER = `
set -e
LC_ALL=C; export LC_ALL
umask 022
user=$1 group=$2 path=$3
shift 3
if [ "$1" = make ]; then
  mkdir -p -- "$path"
  set -- own .
fi
real=$(CDPATH= cd -- "$path" && pwd -P)
while [ $# -gt 1 ]; do
  case $2 in .) at=$real ;; *) at=$real/$2 ;; esac
  (
    CDPATH= cd -- "$at" && [ "$(pwd -P)" = "$at" ] || exit 24
    case $1 in
      own) chown -- "$user" . && chmod u+rwx . ;;
      share) chgrp -- "$group" . && chmod g+rwx . ;;
    esac
  )
  shift 2
done
`;

/** As the user: writes a file into each folder and takes it away. Arguments: the folder, names below it. */
const PROVE_FOLDER = String.raw`
path=$1
shift
for name; do
  file=$(mktemp "$path/$name/.workshop-console.XXXXXX" 2>/dev/null) && rm -f -- "$file" || printf 'closed=%s\n' "$name"
done
`;

/** Lets the user of the console, who is also the agent's, write where participants' files go. */
export async function openFolder({ host, where, seen }: CureFacts, path: string | null): Promise<Cure> {
  if (path === null)
    throw new WorkshopError('WRONG_STATE', 'Which folder it is about is not known any more.', {
      remedy: 'Look again, then press.',
    });
  const { user, group } = seen;
  const told = toldIn((await host.script(LOOK_AT_FOLDER, [path], { timeoutMs: 30_000 })).stdout);
  const [shut] = told('shut');
  if (shut !== undefined && user !== 'root')
    throw new WorkshopError('HOST_FILE', `${user} may not enter ${shut} on ${where}.`, {
      remedy:
        'So what lies in it is closed to the agent as well. Log the console in on Setup as the user whom the platform belongs to.',
    });
  const title = `Let ${user} write to ${path} on ${where}`;
  const [folder] = told('folder');
  const prove = async (machine: Parameters<Cure['carryOut']>[1], names: readonly string[]) => {
    const still = toldIn((await machine.run(PROVE_FOLDER, [path, ...names])).stdout)('closed');
    if (still.length > 0)
      throw new WorkshopError(
        'HOST_FILE',
        `${user} still may not write to ${path} on ${where}${still[0] === '.' ? '' : `, in ${still.join(', ')}`}.`,
        {
          remedy: 'Its disk may be mounted for reading only: have it looked at by whoever runs the machine.',
        },
      );
    return `${user} may write to ${path} on ${where}: a file was written there and taken away again.`;
  };
  const gone = failed(`A folder below ${path} is not what it was.`, 'Look again, then press.');
  const runOpen = (run: Parameters<Cure['carryOut']>[0], pairs: readonly string[]) =>
    run(OPEN_FOLDER, [user, group, path, ...pairs], { meanings: { 24: gone } });

  if (folder === undefined) {
    const makes = told('makes').length > 0;
    return {
      title: `Make ${path} on ${where}`,
      hits: [`Nobody is hit: nothing is there yet. The folder will belong to ${user}.`],
      commands: [`mkdir -p ${word(path)}`, ...(makes ? [] : [`chown ${user} ${word(path)}`])],
      asRoot: !makes,
      async carryOut(run, machine) {
        if (makes) await run(MAKE_FOLDER, [path]);
        else await runOpen(run, ['make', '.']);
        return prove(machine, ['.']);
      },
    };
  }
  const closed = told('closed').map((text) => {
    const [, owner = '', name = ''] = /^(\d+) (.*)$/.exec(text) ?? [];
    return { how: owner === '0' ? ('own' as const) : ('share' as const), name };
  });
  const at = (name: string) => word(name === '.' ? folder : `${folder}/${name}`);
  const links = told('link');
  const others = closed.some(({ how }) => how === 'share');
  return {
    title,
    hits:
      closed.length === 0
        ? links.length > 0
          ? linked(links)
          : [`${user} may write there already: there is nothing to do.`]
        : [
            ...linked(links),
            'Only the folders that are named change, not the files in them, and nobody is shut out.',
            `What belongs to root, as what Docker makes does, will belong to ${user}: root writes there all the same.`,
            ...(others
              ? [`What belongs to somebody else stays theirs; the group ${group} may write there, too.`]
              : []),
          ],
    commands: closed.map(({ how, name }) =>
      how === 'own'
        ? `chown ${user} ${at(name)} && chmod u+rwx ${at(name)}`
        : `chgrp ${group} ${at(name)} && chmod g+rwx ${at(name)}`,
    ),
    asRoot: true,
    async carryOut(run, machine) {
      await runOpen(
        run,
        closed.flatMap(({ how, name }) => [how, name]),
      );
      return prove(machine, ['.', ...closed.map(({ name }) => name)]);
    },
  };
}

const linked = (links: readonly string[]) =>
  links.length === 0
    ? []
    : [
        `${links.join(', ')} ${links.length === 1 ? 'is a link that leads' : 'are links that lead'} to where the agent may not write; what lies behind a link is not changed from here. Take it out or give it another end, over whatever made it.`,
      ];
