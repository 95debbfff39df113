import { SetUpButton } from '../../components/set-up-button.tsx';
import { useLive } from '../../live/store.ts';
import styles from './capacity.module.css';
import { FitPanel } from './fit-panel.tsx';
import { ModelsPanel } from './models-panel.tsx';
import { PlanPanel } from './plan-panel.tsx';
import { RentalPanel } from './rental-panel.tsx';

/** What fits on the cards, how many workers the workshop wants, and what it costs. */
export function CapacityScreen() {
  const known = useLive(({ capacity }) => capacity !== null);
  const hostIds = useLive((state) => state.hostIds);
  if (!known)
    return (
      <div className={styles.empty}>
        <p>No workshop is set up on this laptop yet. What fits and what it costs then stands here.</p>
        <SetUpButton />
      </div>
    );
  return (
    <div className={styles.screen}>
      <div className={styles.column}>
        {hostIds.length === 0 && (
          <p className={styles.empty}>
            No agent has reported yet, so no GPU is known. The plan and the rental can be entered already.
          </p>
        )}
        {hostIds.map((hostId) => (
          <FitPanel key={hostId} hostId={hostId} />
        ))}
        <ModelsPanel />
      </div>
      <div className={styles.column}>
        <PlanPanel />
        <RentalPanel />
      </div>
    </div>
  );
}
