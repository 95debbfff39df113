import { FIND_ROOT } from '../agent-root.ts';

/** Constant scripts that run on the other machines; values travel as arguments, secrets on stdin only. */

/** .env files that name a Redis password, one path a line, likely places first. */
export const FIND_ENV_FILES = `
for file in "$HOME"/comfy*/.env "$HOME"/projects/*/.env "$HOME"/.env /home/*/comfy*/.env /home/*/projects/*/.env \\
            /opt/*/.env /srv/*/.env /root/comfy*/.env; do
  [ -f "$file" ] && [ -r "$file" ] && grep -q '^[[:space:]]*\\(export[[:space:]]*\\)\\{0,1\\}REDIS_PASSWORD[[:space:]]*=' "$file" &&
    printf '%s\\n' "$file"
done
exit 0
`;

/** "tailnet ADDRESS" for each address in 100.64.0.0/10, "listen ADDRESS" for where port $1 is open. */
export const ASK_ADDRESSES = `
port=$1
{ tailscale ip -4 2>/dev/null || ip -4 -o addr show 2>/dev/null | sed -n 's/.* inet \\([0-9.]*\\).*/\\1/p' || hostname -I 2>/dev/null | tr ' ' '\\n'; } |
  while IFS= read -r address; do
    case $address in
      100.6[4-9].*|100.[7-9][0-9].*|100.1[01][0-9].*|100.12[0-7].*) printf 'tailnet %s\\n' "$address" ;;
    esac
  done
ss -Hltn 2>/dev/null | while read -r _ _ _ local _; do
  case $local in *":$port") printf 'listen %s\\n' "\${local%:*}" ;; esac
done
command -v ss >/dev/null 2>&1 && printf 'looked\\n'
exit 0
`;

/**
 * "outputs PATH" and "inputs PATH", absolute and with links followed, as far as the folders are there. Arguments:
 * folder of the .env, which relative paths start from (nothing where it is not known), OUTPUTS_PATH, INPUTS_PATH.
 */
export const ASK_FOLDERS = `
from=$1
where() {
  case $2 in
    '') return 0 ;;
    /*) there=$2 ;;
    '~/'*) there=$HOME/$(printf '%s' "$2" | cut -c3-) ;;
    *) [ -n "$from" ] || return 0; there=$from/$2 ;;
  esac
  real=$(CDPATH= cd -- "$there" 2>/dev/null && pwd -P) && printf '%s %s\\n' "$1" "$real"
  return 0
}
where outputs "$2"
where inputs "$3"
`;

/** "/home/somebody". */
export const ASK_HOME = 'printf %s "$HOME"';

/** Tells the agent's folder. Argument: the one that is preferred. */
export const ASK_ROOT = `root=$1\n${FIND_ROOT}\nprintf %s "$root"`;

/**
 * Bash that speaks to Redis over /dev/tcp: $1 host, $2 port, $3 test key, $4 its value; the password on stdin, ended by
 * a zero byte. Tells each step as: name, ok or fail, detail, microseconds. Needs nothing installed but bash.
 */
export const PROVE_REDIS = `
LC_ALL=C
host=$1 port=$2 key=$3 value=$4
IFS= read -r -d '' password
clock() { printf '%s' "\${EPOCHREALTIME//[.,]/}"; }
begun=$(clock)
say() { local now; now=$(clock); printf '%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "\${3//[[:cntrl:]]/ }" "\${begun:+$((now - begun))}"; begun=$now; }
stop() { say "$1" fail "$2"; exit 0; }
send() {
  printf '*%d\\r\\n' "$#" >&3
  local word; for word; do printf '$%d\\r\\n%s\\r\\n' "\${#word}" "$word" >&3; done
}
hear() {
  IFS= read -r -t 8 line <&3 || { line=; return 1; }
  line=\${line%$'\\r'}
  case $line in
    '$-1') line='(nil)' ;;
    '$'*) IFS= read -r -t 8 line <&3 || { line=; return 1; }; line=\${line%$'\\r'} ;;
  esac
}
trouble=$( { exec 3<>"/dev/tcp/$host/$port"; } 2>&1 ) || stop connect "$trouble"
exec 3<>"/dev/tcp/$host/$port" || stop connect refused
say connect ok
if [ -n "$password" ]; then
  send AUTH "$password"; hear
  [ "$line" = +OK ] || stop password "$line"
fi
unset password
send PING; hear
case $line in
  +PONG) say password ok; say ping ok ;;
  -NOAUTH*) stop password "$line" ;;
  *) say password ok; stop ping "$line" ;;
esac
send SET "$key" "$value" EX 30 NX; hear
[ "$line" = +OK ] || stop round-trip "$line"
send GET "$key"; hear
[ "$line" = "$value" ] || stop round-trip "$line"
send DEL "$key"; hear
[ "$line" = :1 ] || stop round-trip "$line"
say round-trip ok
`;
