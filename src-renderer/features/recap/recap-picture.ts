import type { Recap } from '../../../src-main/api/types.ts';
import { clockText, countText, cut, plural, spanText, UNKNOWN } from '../../components/format.ts';
import type { PeopleWords } from '../../live/people-words.ts';
import { dayText, failedText, gpuText, isGap, recapSentence, rentText } from './recap-words.ts';

const WIDTH = 1600;
const HEIGHT = 1000;
const PAD = 72;
const FONT = '"Inter", "Segoe UI", system-ui, sans-serif';
const INK = {
  paper: '#ffffff',
  text: '#121c27',
  dim: '#435160',
  line: '#d6dde5',
  gap: '#eef1f4',
  ok: '#00684b',
  fail: '#a83107',
  bar: '#0a5fa5',
};

/**
 * The day as one picture to send around: figures, hours, and who made how much. No errors and no prompts stand in it.
 * @throws Error when this browser cannot draw.
 */
export async function recapPicture(recap: Recap, title: string, words: PeopleWords): Promise<Blob> {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const pen = canvas.getContext('2d');
  if (!pen) throw new Error('this browser cannot draw');
  pen.fillStyle = INK.paper;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  text(pen, shortened(pen, title, 700, 44, 1000), PAD, 100, { size: 44, weight: 700 });
  text(pen, dayText(recap.day, Date.now()).replace(/^(Today|Yesterday), /, ''), PAD, 146, {
    size: 26,
    ink: INK.dim,
  });
  text(pen, shortened(pen, recapSentence(recap, words), 400, 28, WIDTH - 2 * PAD), PAD, 204, { size: 28 });
  for (const [at, [value, label]] of figuresOf(recap, words).entries()) {
    text(pen, value, PAD + at * 300, 310, { size: 54, weight: 700 });
    text(pen, label, PAD + at * 300, 350, { size: 24, ink: INK.dim });
  }
  drawHours(pen, recap);
  drawPeople(pen, recap);
  text(pen, 'Workshop Console', PAD, HEIGHT - 40, { size: 20, ink: INK.dim });
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error('the picture is empty'))), 'image/png'),
  );
}

function figuresOf(recap: Recap, words: PeopleWords): [string, string][] {
  const { jobs, waits, people, gpuMs, costs } = recap;
  const known = recap.from !== null;
  const figures: [string, string][] = [
    [known ? countText(jobs.completed) : UNKNOWN, known ? `made, ${failedText(recap)}` : 'made'],
    [known ? countText(people.length) : UNKNOWN, people.length === 1 ? words.one : words.many],
    [known ? gpuText(gpuMs) : UNKNOWN, 'on the GPU'],
    [waits ? spanText(waits.median) : UNKNOWN, 'usual wait'],
  ];
  return costs.length > 0 ? [...figures, [rentText(recap).amount, 'rent']] : figures;
}

function drawHours(pen: CanvasRenderingContext2D, { hours, busiest }: Recap): void {
  const [left, top, width, height] = [PAD, 430, 820, 400];
  text(pen, 'Jobs by the hour', left, top, { size: 24, weight: 600, ink: INK.dim });
  const most = Math.max(1, ...hours.map(({ completed, failed }) => completed + failed));
  const step = width / Math.max(6, hours.length);
  for (const [at, hour] of hours.entries()) {
    if (isGap(hour)) {
      pen.fillStyle = INK.gap;
      pen.fillRect(left + at * step, top + 30, step, height - 30);
      text(pen, 'not watched', left + (at + 0.5) * step, top + height + 54, {
        ...{ size: 16, ink: INK.dim, centred: true },
      });
    }
    const x = left + at * step + step * 0.12;
    const bar = step * 0.76;
    const unit = (height - 60) / most;
    const made = hour.completed * unit;
    pen.fillStyle = INK.bar;
    pen.fillRect(x, top + height - made, bar, made);
    pen.fillStyle = INK.fail;
    pen.fillRect(x, top + height - made - hour.failed * unit, bar, hour.failed * unit);
    const bold = hour.at === busiest ? 700 : 400;
    text(
      pen,
      String(hour.completed + hour.failed),
      x + bar / 2,
      top + height - made - hour.failed * unit - 10,
      {
        ...{ size: 22, weight: bold, centred: true },
      },
    );
    text(pen, clockText(hour.at, hour.at).slice(0, 2), x + bar / 2, top + height + 30, {
      ...{ size: 20, ink: INK.dim, centred: true },
    });
  }
  pen.fillStyle = INK.line;
  pen.fillRect(left, top + height, width, 2);
}

function drawPeople(pen: CanvasRenderingContext2D, { people }: Recap): void {
  const [left, top, width] = [980, 430, WIDTH - PAD - 980];
  text(pen, 'Made the most', left, top, { size: 24, weight: 600, ink: INK.dim });
  const first = [...people].sort((a, b) => b.completed - a.completed).slice(0, 9);
  for (const [at, { name, completed, gpuMs }] of first.entries()) {
    const y = top + 52 + at * 42;
    const aside = `${plural(completed, 'job')} · ${gpuText(gpuMs)}`;
    text(pen, shortened(pen, name, 500, 26, width - 250), left, y, { size: 26, weight: 500 });
    text(pen, aside, left + width, y, { size: 22, ink: INK.dim, right: true });
  }
}

interface Style {
  size: number;
  weight?: number;
  ink?: string;
  centred?: boolean;
  right?: boolean;
}

function text(pen: CanvasRenderingContext2D, words: string, x: number, y: number, style: Style): void {
  pen.font = `${style.weight ?? 400} ${style.size}px ${FONT}`;
  pen.fillStyle = style.ink ?? INK.text;
  pen.textAlign = style.centred ? 'center' : style.right ? 'right' : 'left';
  pen.fillText(words, x, y);
}

/** Cut until it fits. */
function shortened(
  pen: CanvasRenderingContext2D,
  words: string,
  weight: number,
  size: number,
  width: number,
): string {
  pen.font = `${weight} ${size}px ${FONT}`;
  let shown = cut(words.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ''), 200);
  while (shown.length > 1 && pen.measureText(shown).width > width) shown = cut(shown, shown.length - 1);
  return shown;
}
