import { writePrompt } from './prompts.ts';
import type { Random } from './random.ts';
import { float, type WorkflowValue } from './workflow-json.ts';

/**
 * A graph in the editor's own format, as the platform's older frontend submits it by mistake (contract 7): it cannot be
 * executed. About 30 to 80 KB, most of it notes and positions.
 */
export function uiGraph(random: Random): WorkflowValue {
  const count = random.int(40, 110);
  const nodes = Array.from({ length: count }, (_, at) => ({
    id: at + 1,
    type: at % 5 === 0 ? 'MarkdownNote' : 'CLIPTextEncode',
    pos: [float(120.5 * (at % 12)), float(80.25 * Math.floor(at / 12))],
    size: [320, 180],
    flags: {},
    order: at,
    mode: 0,
    inputs: [{ name: 'clip', type: 'CLIP', link: at === 0 ? null : at }],
    outputs: [{ name: 'CONDITIONING', type: 'CONDITIONING', links: [at + 1] }],
    properties: { 'Node name for S&R': 'CLIPTextEncode' },
    widgets_values: [writePrompt(random)],
  }));
  const links = Array.from({ length: count - 1 }, (_, at) => [at + 1, at + 1, 0, at + 2, 0, 'CONDITIONING']);
  return {
    id: random.uuid(),
    revision: 0,
    last_node_id: count,
    last_link_id: count - 1,
    nodes,
    links,
    groups: [],
    config: {},
    extra: { ds: { scale: float(0.75), offset: [float(-412.5), float(96.25)] } },
    version: 0.4,
  };
}
