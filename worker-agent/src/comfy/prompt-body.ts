/**
 * Body of POST /prompt (contract 5.1) around the prompt's own bytes, which are copied and never parsed: seeds go up
 * to 2^64-1. A client id is always sent, or cached outputs come back empty (contract 5.9).
 */
export function promptBody(request: {
  prompt: Buffer;
  clientId: string;
  promptId: string;
  /** Raw JSON for extra_data.extra_pnginfo.workflow, which saved images carry. */
  extraPngInfo?: Buffer | undefined;
}): Buffer {
  const ids = `,"client_id":${JSON.stringify(request.clientId)},"prompt_id":${JSON.stringify(request.promptId)}`;
  const parts = [Buffer.from('{"prompt":'), request.prompt, Buffer.from(ids)];
  if (request.extraPngInfo)
    parts.push(
      Buffer.from(',"extra_data":{"extra_pnginfo":{"workflow":'),
      request.extraPngInfo,
      Buffer.from('}}'),
    );
  parts.push(Buffer.from('}'));
  return Buffer.concat(parts);
}
