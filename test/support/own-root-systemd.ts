import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/* A real systemd as the first process of a machine with a root folder of its own. */

const execute = promisify(execFile);
const SYSTEMD = '/lib/systemd/systemd';

/** Why no machine of ours can have a systemd; undefined where one can. */
export function whyNoSystemd(): string | undefined {
  if (!existsSync(SYSTEMD)) return `there is no ${SYSTEMD} here`;
  return cgroups() === undefined
    ? 'there is no cgroup2 here, without which systemd does not start'
    : undefined;
}

/** Where this system has its cgroup2. */
function cgroups(): string | undefined {
  return /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
}

/** What would reach for this machine's hardware; the rest of the system starts as it does anywhere. */
const NOT_STARTED = [
  ...['udevd.service', 'udevd-control.socket', 'udevd-kernel.socket', 'udev-trigger.service'],
  ...['modules-load.service', 'sysctl.service', 'random-seed.service', 'timesyncd.service'],
  ...['remount-fs.service', 'binfmt.service', 'journal-flush.service'],
]
  .map((unit) => `systemd-${unit}`)
  .concat(
    ...['getty.target', 'dev-hugepages.mount', 'dev-mqueue.mount', 'sys-kernel-debug.mount'],
    ...['sys-kernel-tracing.mount', 'sys-kernel-config.mount', 'sys-fs-fuse-connections.mount'],
    ...['proc-sys-fs-binfmt_misc.automount'],
  );

/**
 * The rest of a first process that becomes systemd: devices of its own, as journald makes one, its cgroups, its units.
 */
export const BECOME_SYSTEMD = `
umount -l "$root/dev"
mount -t tmpfs -o mode=755 machine "$root/dev"
for device in null zero full random urandom tty; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
for link in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do ln -s "/proc/self/$(echo "$link" | cut -d: -f2)" "$root/dev/$(echo "$link" | cut -d: -f1)"; done
mount -t tmpfs -o mode=1777 machine "$root/dev/shm"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
# What this system starts besides is not the machine's.
rm -rf "$root"/etc/systemd/system/*.target.wants
mkdir -p "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/systemd/journald.conf.d"
for unit in @NOT_STARTED@; do ln -sf /dev/null "$root/etc/systemd/system/$unit"; done
printf '%s
' '[Journal]' 'ReadKMsg=no' 'Storage=volatile' > "$root/etc/systemd/journald.conf.d/own.conf"
printf '%s
' '[Service]' 'Type=notify' 'ExecStart=/usr/sbin/sshd -D -f /etc/ssh/sshd_config' 'ExecStartPost=/usr/bin/touch /run/own-up' 'RuntimeDirectory=sshd' 'KillMode=process' > "$root/etc/systemd/system/own-sshd.service"
ln -s ../own-sshd.service "$root/etc/systemd/system/multi-user.target.wants/own-sshd.service"
rmdir "$root/run/sshd"
: > "$root/etc/machine-id"
{ until [ -e "$root/run/own-up" ]; do sleep 0.05; done; echo up; } &
exec env -i container=own PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" @SYSTEMD@ --system --unit=multi-user.target --show-status=no </dev/null
`
  .replace('@NOT_STARTED@', NOT_STARTED.join(' '))
  .replace('@SYSTEMD@', SYSTEMD);

const EMPTY_FOLDERS = ['-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'];

/** A cgroup that a machine takes for the whole tree. */
export function ownCgroup(name: string): { path: string; remove(): Promise<void> } {
  const all = cgroups() ?? '';
  for (const left of readdirSync(all)) {
    const [, pid] = /^workshop-(\d+)-/.exec(left) ?? [];
    // What a test that was killed left behind is empty by now.
    if (pid && !existsSync(`/proc/${pid}`)) execFile('find', [join(all, left), ...EMPTY_FOLDERS], () => {});
  }
  const path = join(all, `workshop-${process.pid}-${randomInt(36 ** 4).toString(36)}-${name}`);
  mkdirSync(path);
  return {
    path,
    // Its processes end a moment after the first one.
    async remove() {
      const empty = 'until find "$@" 2>/dev/null; [ ! -e "$1" ]; do sleep 0.05; done';
      await execute('timeout', ['10', 'sh', '-c', empty, 'sh', path, ...EMPTY_FOLDERS]).catch(() => {});
    },
  };
}
