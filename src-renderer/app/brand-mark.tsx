/** The console's sign: three frames of film on their way, the last one still open. */
export function BrandMark({ className }: { className?: string | undefined }) {
  return (
    <svg className={className} viewBox="0 0 28 28" aria-hidden="true">
      <rect x="1" y="1" width="26" height="26" rx="7" fill="var(--busy-wash)" stroke="var(--busy)" />
      <rect x="6" y="7" width="4" height="14" rx="2" fill="var(--busy)" />
      <rect x="12" y="7" width="4" height="14" rx="2" fill="var(--ok)" />
      <rect x="18" y="7" width="4" height="14" rx="2" fill="none" stroke="var(--warn)" strokeWidth="1.5" />
    </svg>
  );
}
