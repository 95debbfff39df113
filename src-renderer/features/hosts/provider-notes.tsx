import styles from './hosts.module.css';

const NOTES: readonly (readonly [string, string])[] = [
  [
    'Verda (virtual machine)',
    'Log in as root or ubuntu. Docker and NVIDIA’s toolkit are installed from here if they are missing; systemd keeps the agent running.',
  ],
  [
    'RunPod (pod)',
    'Log in as root with the port that RunPod shows. A pod is a container, so Docker does not run in it: the agent starts the ComfyUI that lies there itself, and a small script keeps it running until the pod restarts.',
  ],
  ['This computer', 'Needs no SSH. Without a GPU host in the workshop it stands above by itself.'],
  [
    'Modal',
    'Does not fit: it runs functions, not machines. There is no login, nothing goes on between calls, and an agent that waits for jobs would be ended and billed as one call. Rent a machine or a pod instead.',
  ],
];

/** Which machines fit, and how they differ. */
export function ProviderNotes() {
  return (
    <details className={styles.fold}>
      <summary>Which machines fit</summary>
      <dl className={styles.notes}>
        {NOTES.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
