import { RemedyButton } from '../remedies/remedy-button.tsx';
import { ToneIcon } from '../state-mark.tsx';
import { toneColor } from '../tone.ts';
import type { TailnetWords } from './describe-tailnet.ts';
import styles from './tailnet-notes.module.css';
import { TailscaleLogin } from './tailscale-login.tsx';

/** How Tailscale stands on each machine that a link needs it on, and what to do where it does not. */
export function TailnetNotes({ tailnets }: { tailnets: readonly TailnetWords[] }) {
  if (tailnets.length === 0) return null;
  return (
    <ul className={styles.notes} aria-label="Tailscale">
      {tailnets.map(({ who, tone, sentence, beside, offer, loginUrl }) => (
        <li key={who}>
          <p className={styles.who}>
            <span className={styles.icon} style={{ color: toneColor(tone) }}>
              <ToneIcon tone={tone} size="0.875rem" />
            </span>
            Tailscale · {who}
          </p>
          <p>{sentence}</p>
          {beside !== '' && <p className={styles.remedy}>{beside}</p>}
          {offer && (
            <div className={styles.offer}>
              <RemedyButton
                at={{
                  machineId: offer.machineId,
                  remedy: offer.remedy,
                  subject: offer.subject,
                  draftId: null,
                }}
                label={offer.label}
              />
            </div>
          )}
          {loginUrl !== null && <TailscaleLogin url={loginUrl} size="compact-sm" />}
        </li>
      ))}
    </ul>
  );
}
