import type { Random } from './random.ts';

const SUBJECTS = [
  'a lighthouse keeper who repairs a clockwork gull',
  'two children carrying a paper boat through a flooded library',
  'a tram that climbs a vertical city at dusk',
  'an old market under glass roofs after the rain',
  'a fox in a yellow raincoat waiting for the night bus',
  'a greenhouse on the dark side of the moon',
  'a dancer whose shadow moves one beat late',
  'a diver reading a letter at the bottom of a well',
  'ein Leuchtturm im Nebel, von weitem gesehen',
  'une cuisine pleine de vapeur, le dimanche matin',
  '雨の夜、路地裏の小さなラーメン屋',
  'a beekeeper and her drone fleet over lavender fields 🐝',
] as const;

const LIGHT = [
  'soft window light from the left, long shadows',
  'overcast sky, wet asphalt with neon reflections',
  'golden hour, dust in the air',
  'hard rim light against deep blue',
  'candle light only, visible grain',
] as const;

const CAMERA = [
  '35 mm, wide open, shallow depth of field',
  'medium format, f/8, everything sharp',
  'slow dolly in at eye level, handheld sway',
  'static wide shot, the subject crosses from right to left',
  'crane up from the ground to the roofs, one take',
] as const;

const EXTRA = [
  'Muted palette of teal and ochre. Costumes of wool and oilcloth. No text anywhere in the picture.',
  'The background stays calm: few shapes, much air. Skin is rendered with pores, not smoothed.',
  'Foreground leaves out of focus frame the scene. A single red object draws the eye.',
  'Motion is slow and continuous; nothing pops in or out. Sound: distant bells, wind, footsteps on gravel.',
] as const;

export const NEGATIVE_PROMPT =
  'blurry, low resolution, oversharpened, watermark, signature, jpeg artifacts, extra fingers, cropped, flicker';

/** A prompt as workshop participants write them: from a phrase to a paragraph. */
export function writePrompt(random: Random): string {
  const parts: string[] = [random.pick(SUBJECTS), random.pick(LIGHT), random.pick(CAMERA)];
  const paragraphs = random.chance(0.4) ? random.int(1, 6) : 0;
  for (let at = 0; at < paragraphs; at += 1) parts.push(random.pick(EXTRA));
  return parts.slice(0, random.chance(0.2) ? 1 : parts.length).join(', ');
}
