/** How the palette reaches an act: an entry that carries it out, or one that opens the place where it is done. */
interface Reached {
  /** How the entry's label begins. */
  label: string;
  does: 'acts' | 'opens';
}

const acts = (label: string): Reached => ({ label, does: 'acts' });
const opens = (label: string): Reached => ({ label, does: 'opens' });

const IMPORT = opens('Setup');
const HOSTS = opens('Hosts');
const IN_NOTICE = 'stands in the notice of the conflict that it answers';

/**
 * Every act of the router and the entry of the palette that reaches it, in the workshop of test/e2e/palette.test.ts. A
 * string says why there is none. A new act has to be entered here.
 */
export const PALETTE_AUDIT: Readonly<Record<string, Reached | string>> = {
  'fleet.setCount': acts('Scale to 2 workers'),
  'fleet.drain': acts('Drain all workers'),
  'fleet.resume': acts('Resume worker-3'),
  'fleet.restartWorker': acts('Restart worker-1'),
  'fleet.freeVram': acts('Free VRAM of worker-1'),
  'fleet.holdQueue': acts('Hold the queue'),
  'fleet.setMode': acts('Order: fair shares'),
  'jobs.cancel': opens('Jobs of user004'),
  'jobs.prioritise': opens('Waiting jobs'),
  'jobs.requeue': opens('Failed jobs'),
  'jobs.bulk': acts('Requeue 7 jobs: missing model'),
  'jobViews.save': opens('Jobs'),
  'jobViews.rename': opens('Jobs'),
  'jobViews.remove': opens('Jobs'),
  'people.hold': acts('Hold user004'),
  'people.nextTurn': acts('Give user004 the next turn'),
  'people.cap': acts('Limit for everybody: 2 running jobs each'),
  'people.lineCap': acts('Limit in line, for everybody: 2 each'),
  'people.cancelWaiting': acts('Cancel all waiting jobs of user004'),
  'room.open': acts('Open room view'),
  'room.setMessage': opens('Room view: message'),
  'room.setBreak': acts('Room view: break of 10 minutes'),
  'room.setFrozen': acts('Room view: freeze'),
  'room.setBlank': acts('Room view: blank'),
  'room.setUrl': opens('Room view: address'),
  'room.setLight': acts('Room view: dark on white'),
  'room.setJoin': acts('Room view: show where to join'),
  'room.applyAgain': IN_NOTICE,
  'room.setNickname': opens('Nickname of user004'),
  'room.setNicknames': opens('Import nicknames'),
  'envImport.find': IMPORT,
  'envImport.readVps': IMPORT,
  'envImport.readFile': IMPORT,
  'envImport.readText': IMPORT,
  'envImport.choose': IMPORT,
  'envImport.reveal': 'a secret is shown where it stands, and nowhere else',
  'envImport.write': IMPORT,
  'envImport.prove': IMPORT,
  'workshops.save': IMPORT,
  'workshops.turnTo': IMPORT,
  'workshops.remove': IMPORT,
  'workshops.exportFile': IMPORT,
  'workshops.importFile': IMPORT,
  'workshops.keepInFile': IMPORT,
  'workshops.adoptImport': IMPORT,
  'machines.connect': IMPORT,
  'machines.disconnect': IMPORT,
  'machines.forgetHostKey': 'only where the changed key of a machine is shown beside it',
  'demo.start': IMPORT,
  'demo.leave': IMPORT,
  'remedies.plan': HOSTS,
  'remedies.carryOut': HOSTS,
  'machines.answer': 'the question of a machine is a dialog of its own',
  'alerts.setRule': opens('Show the alerts'),
  'alerts.setChannels': acts('Alerts: mute the sound'),
  'alerts.snooze': acts('Snooze for 15 minutes: '),
  'alerts.quiet': acts('Alerts: quiet for 30 minutes'),
  'capacity.setPlan': acts('Plan: a workshop with video'),
  'capacity.setGuard': opens('Guard line'),
  'capacity.setRental': opens('Rental'),
  'capacity.applyAgain': IN_NOTICE,
  'history.print': acts('Recap: save as PDF'),
  'consoleName.rename': opens('Name of this console'),
  'deploy.look': HOSTS,
  'deploy.start': HOSTS,
  'deploy.choose': HOSTS,
  'deploy.stop': HOSTS,
  'network.changed': 'the operating system says it, not a person',
  'settings.connect': 'the form of the first run; Setup leads to it',
  'settings.disconnect': acts('Forget this workshop on this laptop'),
  'settings.enterPassword': opens('Redis password'),
  'settings.reconnectNow': acts('Connect to Redis again now'),
};
