import { flux2Image, sdxlImage, upscale, zImage } from './image-workflows.ts';
import type { Random } from './random.ts';
import { uiGraph } from './ui-graph.ts';
import { ltx2Video, wanVideo } from './video-workflows.ts';
import { workflowText } from './workflow-json.ts';

/** What a participant may ask for. The last two cannot be executed. */
export type WorkflowChoice =
  | 'sdxl'
  | 'flux2'
  | 'z-image'
  | 'upscale'
  | 'ltx2'
  | 'wan2.2'
  | 'missing-model'
  | 'ui-graph';

/** Image that ComfyUI ships in its input folder. */
export const EXAMPLE_INPUT = 'example.png';

/** The workflow's JSON as the queue-manager would keep it. */
export function writeWorkflow(choice: WorkflowChoice, random: Random): string {
  switch (choice) {
    case 'sdxl':
      return workflowText(sdxlImage(random));
    case 'flux2':
      return workflowText(flux2Image(random));
    case 'z-image':
      return workflowText(zImage(random));
    case 'upscale':
      return workflowText(upscale(random, EXAMPLE_INPUT));
    case 'ltx2':
      return workflowText(ltx2Video(random));
    case 'wan2.2':
      return workflowText(wanVideo(random));
    case 'missing-model':
      return workflowText(sdxlImage(random, 'juggernautXL_ragnarok.safetensors'));
    case 'ui-graph':
      return workflowText(uiGraph(random));
  }
}
