/** A test, by its file in test/e2e and its title. */
interface Tried {
  file: string;
  test: string;
  /** What is scripted there instead of real; absent when nothing but ComfyUI and the card is. */
  scripted?: string;
}

const every = (test: string): Tried => ({ file: 'every-action', test });
const JOBS = 'jobs: looked into, requeued, cancelled all at once and taken back';
const VIEWS = 'jobs: a view is saved, found again by the palette, renamed and deleted';
const PEOPLE = 'people: next turn, hold, limit, nickname, cancelling all that waits';
const ROOM = 'room: message, break, freeze, blank, address, nicknames, a page of its own';
const FLEET = 'fleet: order of the queue, restart, free VRAM';
const ALERTS = 'alerts and capacity: what is set is on the disk';
const RECAP = 'recap: the day is shown and taken home as a table';
const SETUP = 'workshops: saved, given away, taken over, turned to, forgotten';
const LINK = 'the link: made anew, and given up';
const ENV: Tried = {
  file: 'setup',
  test: 'the .env is found on the VPS, reviewed with masked secrets, written with a way back, and tested',
  scripted: 'the SSH links: VPS and GPU host are homes of this machine',
};
const LINKS: Tried = {
  file: 'machines',
  test: 'a link to a machine stands in the header, with its question and its next step',
  scripted: 'the SSH links',
};
const TWO: Tried = {
  file: 'two-hosts',
  test: 'while Redis is away from one host, theirs holds on their projector and is said to be theirs alone; after, nothing is overwritten',
};
const DAY: Tried = {
  file: 'workshop',
  test: 'a host runs a workshop in a browser, through the web shell',
};
const LOGS: Tried = {
  file: 'deploy',
  test: 'workers are scaled from the Stage, and the log of the agent tells of it',
};
const DEMO: Tried = {
  file: 'demo-door',
  test: 'from the first run into the demo and back, and nothing of it stays',
};
const MEND: Tried = {
  file: 'remedies',
  test: 'Redis that listens on the VPS alone is opened for the tailnet after a look at the commands, with sudo and its password',
  scripted: 'Docker; the Redis that it starts is real',
};
const DEPLOY: Tried = {
  file: 'deploy',
  test: 'the machine is looked over, and one press deploys until the first heartbeat',
};

/**
 * Every procedure of the router and the browser test that presses it and looks at the effect: in Redis, at the agent
 * or on the disk. A string says why there is none. A new procedure has to be entered here, with its test.
 */
export const ACTION_AUDIT: Readonly<Record<string, Tried | string>> = {
  'workshop.changes': DAY,
  'fleet.setCount': DAY,
  'fleet.drain': DAY,
  'fleet.resume': DAY,
  'fleet.holdQueue': DAY,
  'fleet.restartWorker': every(FLEET),
  'fleet.freeVram': every(FLEET),
  'fleet.setMode': every(FLEET),
  'jobs.cancel': DAY,
  'jobs.prioritise': DAY,
  'jobs.requeue': every(JOBS),
  'jobs.bulk': every(JOBS),
  'jobs.find': every(JOBS),
  'jobs.detail': every(JOBS),
  'jobs.prompts': every(JOBS),
  'jobs.preview': every(JOBS),
  'jobs.filePart': {
    file: 'deploy',
    test: 'the host looks at what was made, from the VPS, and takes it home',
  },
  'jobViews.list': every(VIEWS),
  'jobViews.save': every(VIEWS),
  'jobViews.rename': every(VIEWS),
  'jobViews.remove': every(VIEWS),
  'people.hold': every(PEOPLE),
  'people.nextTurn': every(PEOPLE),
  'people.cap': every(PEOPLE),
  'people.lineCap': every(PEOPLE),
  'people.cancelWaiting': every(PEOPLE),
  'room.open': every(ROOM),
  'room.where': every(ROOM),
  'room.setMessage': every(ROOM),
  'room.setBreak': every(ROOM),
  'room.setFrozen': every(ROOM),
  'room.setBlank': every(ROOM),
  'room.setLight': every(ROOM),
  'room.setUrl': every(ROOM),
  'room.setJoin': every(ROOM),
  'room.setNickname': every(PEOPLE),
  'room.setNicknames': every(ROOM),
  'room.nicknameTable': every(ROOM),
  'room.applyAgain': TWO,
  'envImport.find': ENV,
  'envImport.readVps': 'the path that is found is read at once; a path typed by hand is tried in integration',
  'envImport.readFile': 'only the desktop app reads by path; tried in integration',
  'envImport.readText': 'tried in integration',
  'envImport.choose': ENV,
  'envImport.reveal': ENV,
  'envImport.write': ENV,
  'envImport.prove': ENV,
  'workshops.view': every(SETUP),
  'workshops.save': every(SETUP),
  'workshops.turnTo': every(SETUP),
  'workshops.remove': every(SETUP),
  'workshops.exportFile': every(SETUP),
  'workshops.importFile': every(SETUP),
  'workshops.keepInFile': every(SETUP),
  'workshops.adoptImport': { ...ENV, scripted: 'the link to Redis, besides the SSH links' },
  'machines.connect': 'links connect by themselves; the press after a refusal is tried in integration',
  'machines.disconnect': 'tried in integration',
  'machines.forgetHostKey': LINKS,
  'machines.answer': {
    file: 'deploy',
    test: 'a workshop gets a name and two machines, each of which is met once',
  },
  'machines.keeping': LINKS,
  'demo.view': DEMO,
  'demo.start': DEMO,
  'demo.leave': DEMO,
  'remedies.plan': MEND,
  'remedies.carryOut': MEND,
  'alerts.rules': every(ALERTS),
  'alerts.setRule': every(ALERTS),
  'alerts.setChannels': every(ALERTS),
  'alerts.snooze': every(ALERTS),
  'alerts.quiet': every(ALERTS),
  'alerts.history': every(ALERTS),
  'capacity.catalogue': every(ALERTS),
  'capacity.setPlan': every(ALERTS),
  'capacity.setGuard': every(ALERTS),
  'capacity.setRental': every(ALERTS),
  'capacity.applyAgain': TWO,
  'history.state': every(RECAP),
  'history.days': every(RECAP),
  'history.recap': every(RECAP),
  'history.table': every(RECAP),
  'history.print': {
    file: 'desktop-shell',
    test: 'the recap of the day is saved as a PDF where the person wants it',
  },
  'logs.machines': LOGS,
  'logs.sources': LOGS,
  'logs.follow': LOGS,
  'consoleName.rename': {
    file: 'two-hosts',
    test: 'each console has a name, which the host may change and which is kept',
  },
  'deploy.changes': DEPLOY,
  'deploy.look': DEPLOY,
  'deploy.start': DEPLOY,
  'deploy.choose': DEPLOY,
  'deploy.stop': 'tried in integration',
  'settings.connect': every(LINK),
  'settings.disconnect': every(LINK),
  'network.changed': {
    file: 'machines',
    test: 'a network that comes back is told to the console, which dials at once',
    scripted: 'what it dials',
  },
  'settings.reconnectNow': every(LINK),
  'settings.enterPassword': {
    file: 'redis-password',
    test: 'a console without a keychain is started again: the Stage leads to the field, a wrong one says so, the right one is live at once',
  },
};
