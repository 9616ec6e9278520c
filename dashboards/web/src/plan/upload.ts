/** A file as the API takes it. */
import type { PlanImage } from "../api/operator-types";

export const MOST_BYTES = 2 * 1024 * 1024;

export interface Given {
  kind: PlanImage["source"];
  content: string;
}

/** SVG, PNG or GeoJSON by how the file begins; null for anything else. */
export async function readDrawing(file: Blob): Promise<Given | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return { kind: "png", content: base64(bytes) };
  const content = new TextDecoder().decode(bytes);
  const start = content.trimStart().slice(0, 1);
  if (start === "{") return { kind: "geojson", content };
  return start === "<" ? { kind: "svg", content } : null;
}

const CHUNK = 0x8000;

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}
