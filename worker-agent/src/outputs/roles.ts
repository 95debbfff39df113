/** A file that ComfyUI lists as output (contract 5.6). */
export interface OutputFile {
  filename: string;
  subfolder: string;
  type: 'output' | 'input' | 'temp';
  /** Key under which the node listed it. What stands under `result` is only a string that looks like a file. */
  group?: string;
}

export interface DeliveryRequest {
  jobId: string;
  userId: string;
  workerId: string;
  files: readonly OutputFile[];
  /**
   * Opens one file at ComfyUI (`/view`), for files that cannot be read from a local folder.
   * @throws WorkshopError NOT_FOUND when ComfyUI has no such file.
   */
  open: (file: OutputFile, signal: AbortSignal) => Promise<ReadableStream<Uint8Array>>;
  signal: AbortSignal;
}

/** Where a file ended, relative to the root of all outputs; what ComfyUI and the platform call subfolder. */
export interface DeliveredFile {
  source: OutputFile;
  subfolder: string;
  filename: string;
}

export interface Delivery {
  files: DeliveredFile[];
  /** The user's folder as the platform names it (contract 2.2). */
  outputPath: string;
  /** Sentences for the job's result: files that are still on their way, or were announced and do not exist. */
  warnings?: readonly string[];
}

/** Brings the files of a finished job to where its user looks for them. Repeating it does no harm. */
export interface OutputDelivery {
  /** @throws WorkshopError OUTPUT_DELIVERY, naming the file and the cause. */
  deliver(request: DeliveryRequest): Promise<Delivery>;
}

/** A ComfyUI server, as the supply of inputs sees it. */
export interface InputServer {
  /** Tells servers apart; each has an input folder of its own. */
  readonly endpoint: string;
  /** Whether the server has the file in that folder of its own. */
  has(file: Pick<OutputFile, 'filename' | 'subfolder' | 'type'>, signal: AbortSignal): Promise<boolean>;
  /** Puts a file of this machine into the server's input folder, over an older one of that name. */
  upload(path: string, to: { filename: string; subfolder: string }, signal: AbortSignal): Promise<void>;
}

export interface InputRequest {
  jobId: string;
  userId: string;
  /** The nodes of the prompt (contract 7). */
  nodes: Readonly<Record<string, { class_type: string; inputs: Readonly<Record<string, unknown>> }>>;
  server: InputServer;
  signal: AbortSignal;
}

/** A file literal of the prompt that must be written differently, because the file lies elsewhere at the server. */
export interface InputRename {
  nodeId: string;
  input: string;
  to: string;
}

/** Sees to it that the files which a prompt names are at the server before it runs. */
export interface InputSupply {
  /** @throws WorkshopError INPUT_FETCH, naming the file, the node and why. */
  supply(request: InputRequest): Promise<InputRename[]>;
}
