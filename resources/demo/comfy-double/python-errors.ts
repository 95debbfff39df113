/** Exceptions of the prompt thread. */

/** A frame of a traceback: file below the checkout, line, function. */
export type TraceFrame = readonly [file: string, line: number, name: string];

/** An exception a node raises; becomes execution_error (contract 5.3). */
export class PythonError extends Error {
  readonly exceptionType: string;
  readonly frames: readonly TraceFrame[];

  constructor(exceptionType: string, message: string, frames: readonly TraceFrame[] = []) {
    super(message);
    this.exceptionType = exceptionType;
    this.frames = frames;
  }
}

/** torch.OutOfMemoryError: ComfyUI adds its tips and unloads all models (recording 07). */
export class OutOfMemory extends PythonError {
  constructor(message: string, frames: readonly TraceFrame[] = []) {
    super('torch.OutOfMemoryError', message, frames);
  }
}

/** InterruptProcessingException: raised where the interrupt flag is tested (contract 5.2). */
export class Interrupted extends Error {}
