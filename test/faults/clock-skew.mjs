// Preloaded into an agent (`node --import`): its wall clock is wrong by SKEW_MS, as on a host without NTP.
const skew = Number(process.env.SKEW_MS ?? 0);
const RealDate = Date;
const now = () => RealDate.now() + skew;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
  static now = now;
};
