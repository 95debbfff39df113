/** What stands for a secret on a screen: says that there is one and how long, nothing of it. */
export function maskSecret(value: string): string {
  if (value === '') return '(empty)';
  return `•••••••• (${[...value].length} characters)`;
}

const SECRET_NAME =
  /PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|_KEY$|^KEY$|AUTH/i;
const NOT_SECRET = /_(PATH|FILE|LOCATION|FORMAT)$|^SSL_|^VPS_SSH_(KEY_FILE|HOST_KEY)$/i;
const SECRET_VALUE =
  /PRIVATE KEY|^(sk|hf|ghp|gho|glpat|xox[abp]|AKIA)[-_A-Za-z0-9]{12,}|:\/\/[^/\s:@]*:[^/\s@]+@/;

/** Whether a value must not be shown unasked: by its name, or because it looks like a key or holds a password. */
export function isSecret(key: string, value: string): boolean {
  if (SECRET_VALUE.test(value)) return true;
  return SECRET_NAME.test(key) && !NOT_SECRET.test(key);
}
