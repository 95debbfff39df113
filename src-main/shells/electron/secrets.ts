import { safeStorage } from 'electron';
import { type SecretStore, secretsInMemoryOnly } from '../../app/compose.ts';

/**
 * Secrets sealed by the operating system's keychain. On a Linux desktop without one Electron would only scramble
 * them with a key that everybody knows; then they are not kept at all.
 */
export function keychainSecrets(): SecretStore {
  if (!safeStorage.isEncryptionAvailable()) return secretsInMemoryOnly;
  if (process.platform === 'linux' && safeStorage.getSelectedStorageBackend() === 'basic_text')
    return secretsInMemoryOnly;
  return {
    seal: (secret) => safeStorage.encryptString(secret).toString('base64'),
    open(sealed) {
      try {
        return safeStorage.decryptString(Buffer.from(sealed, 'base64'));
      } catch {
        return undefined;
      }
    },
  };
}
