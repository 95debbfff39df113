/**
 * What differs between the three ComfyUI versions that were recorded (contract 5 and 5.11,
 * recordings 02, 04, 11b, 12, 14, 18, 19, 20, 22, 24).
 */

export const COMFYUI_VERSIONS = ['0.9.2', '0.11.0', '0.33.0'] as const;
export type ComfyVersion = (typeof COMFYUI_VERSIONS)[number];

export interface VersionTraits {
  readonly version: ComfyVersion;
  /** CU33: `missing_node_type` with extra_info, dependency_cycle, canonical prompt ids. */
  readonly strictPrompts: boolean;
  /** CU92/110: a cached output node shows its ui only if the prompt had a client_id (5.9). */
  readonly cachedUiNeedsClient: boolean;
  /** CU33: a prompt that fails leaves the cached results of earlier prompts alone (recordings 06, 07, 11). */
  readonly failureKeepsCache: boolean;
  /** CU33: /api/jobs/{id}/cancel and /api/jobs/cancel; 405 before (5.11.12). */
  readonly jobsCancel: boolean;
  /** CU33: previewable_outputs_count, text previews and normalised 3d results in /api/jobs (5.4). */
  readonly modernJobs: boolean;
  /** CU33: Sec-Fetch-Site: cross-site gives 403 (5.11.2). */
  readonly secFetchGuard: boolean;
  /** CU33: /view answers plain files with X-Content-Type-Options: nosniff. */
  readonly nosniff: boolean;
  /** CU33: is_input_list and has_intermediate_output in /object_info, outputs of output nodes. */
  readonly modernObjectInfo: boolean;
  /** CU110, CU33: search_aliases in /object_info. */
  readonly searchAliases: boolean;
  /** CU33: any `<prefix>_<n>` file counts for the next file number (recording 22). */
  readonly lenientCounter: boolean;
  /** CU33: log lines carry a coloured level. */
  readonly colouredLogs: boolean;
  readonly requiredFrontendVersion: string;
  readonly requiredTemplatesVersion: string;
  /** Lines of execution.py in a traceback of a failing node, outermost first. */
  readonly executionTraceback: readonly (readonly [number, string])[];
  /** Lines of nodes.py save_images (prefix refused, metadata refused) and of folder_paths.py. */
  readonly savePathLine: number;
  readonly saveMetadataLine: number;
  readonly folderPathsLine: number;
  /** Lines of execution.py in the traceback of exception_during_inner_validation. */
  readonly validateInputsLine: number;
  readonly missingLinkLine: number;
  readonly badSlotLine: number;
}

const CU92: VersionTraits = {
  version: '0.9.2',
  strictPrompts: false,
  cachedUiNeedsClient: true,
  failureKeepsCache: false,
  jobsCancel: false,
  modernJobs: false,
  secFetchGuard: false,
  nosniff: false,
  modernObjectInfo: false,
  searchAliases: false,
  lenientCounter: false,
  colouredLogs: false,
  requiredFrontendVersion: '1.36.14',
  requiredTemplatesVersion: '0.8.4',
  executionTraceback: [
    [518, 'execute'],
    [329, 'get_output_data'],
    [303, '_async_map_node_over_list'],
    [291, 'process_inputs'],
  ],
  savePathLine: 1609,
  saveMetadataLine: 1621,
  folderPathsLine: 464,
  validateInputsLine: 838,
  missingLinkLine: 818,
  badSlotLine: 820,
};

const TRAITS: Readonly<Record<ComfyVersion, VersionTraits>> = {
  '0.9.2': CU92,
  '0.11.0': {
    ...CU92,
    version: '0.11.0',
    searchAliases: true,
    requiredFrontendVersion: '1.37.11',
    requiredTemplatesVersion: '0.8.24',
    savePathLine: 1656,
    saveMetadataLine: 1668,
  },
  '0.33.0': {
    version: '0.33.0',
    strictPrompts: true,
    cachedUiNeedsClient: false,
    failureKeepsCache: true,
    jobsCancel: true,
    modernJobs: true,
    secFetchGuard: true,
    nosniff: true,
    modernObjectInfo: true,
    searchAliases: true,
    lenientCounter: true,
    colouredLogs: true,
    requiredFrontendVersion: '1.49.6',
    requiredTemplatesVersion: '0.11.44',
    executionTraceback: [
      [545, 'execute'],
      [344, 'get_output_data'],
      [318, '_async_map_node_over_list'],
      [306, 'process_inputs'],
    ],
    savePathLine: 1694,
    saveMetadataLine: 1706,
    folderPathsLine: 557,
    validateInputsLine: 955,
    missingLinkLine: 933,
    badSlotLine: 935,
  },
};

export function traitsOf(version: ComfyVersion): VersionTraits {
  return TRAITS[version];
}
