import { useEffect, useRef } from 'react';
import type { AlertsState } from '../../../src-main/api/types.ts';
import { useLive } from '../../live/store.ts';
import { showAlerts } from './alerts-panel.ts';

let audio: AudioContext | undefined;

/**
 * A short tone of two notes, falling for what has failed and rising for a warning. A browser lets a page sound only
 * after somebody pressed something on it; before that it stays silent.
 */
export function playTone(severity: 'warn' | 'fail'): void {
  if (typeof AudioContext === 'undefined') return;
  audio ??= new AudioContext();
  const context = audio;
  void context.resume().catch(() => {});
  const notes = severity === 'fail' ? [660, 440] : [520, 660];
  for (const [at, frequency] of notes.entries()) {
    const start = context.currentTime + at * 0.16;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.15);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.16);
  }
}

/** Who asked so long ago has given up, or reads them already, ms. */
const ASKED_FRESH_MS = 15_000;

/** Opens the panel when somebody clicked on an alert outside of the window, also when the window only opens now. */
export function useAskedAlerts(): void {
  const askedAt = useLive(({ alerts }) => alerts?.askedAt ?? null);
  const answered = useRef<number | null>(null);
  useEffect(() => {
    if (askedAt === null || askedAt === answered.current) return;
    answered.current = askedAt;
    if (Date.now() - askedAt < ASKED_FRESH_MS) showAlerts();
  }, [askedAt]);
}

/** Whether notifications come from this page; in the desktop app the app itself shows them. */
export const pageNotifies = (): boolean =>
  window.workshop === undefined && typeof Notification !== 'undefined';

/** Sounds and notifies for every alert that rings while this window is open; what rang before stays silent. */
export function useRinging(): void {
  const rang = useLive(({ alerts }) => alerts?.rang ?? null);
  const alerts = useLive((state) => state.alerts);
  const heard = useRef<number | null>(null);
  const latest = useRef<AlertsState | null>(alerts);
  latest.current = alerts;
  useEffect(() => {
    const before = heard.current;
    if (rang !== null) heard.current = rang;
    const ring = latest.current?.lastRing;
    if (rang === null || before === null || rang <= before || !ring) return;
    if (latest.current?.sound) playTone(ring.severity);
    if (latest.current?.desktop && pageNotifies() && Notification.permission === 'granted') {
      const shown = new Notification(ring.title, { body: ring.text, tag: ring.id });
      shown.onclick = () => {
        window.focus();
        showAlerts();
        shown.close();
      };
    }
  }, [rang]);
}
