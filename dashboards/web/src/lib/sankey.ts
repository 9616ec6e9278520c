/** Places the nodes and ribbons of an energy flow; pure. */
import type { FlowLink, FlowNode } from "../api/types";

export interface Box {
  node: FlowNode;
  x: number;
  y: number;
  height: number;
  /** Where nothing goes on but another column follows, the name stands on the left. */
  isNamedLeft: boolean;
}

export interface Ribbon {
  link: FlowLink;
  path: string;
  width: number;
}

export interface Drawing {
  boxes: Box[];
  ribbons: Ribbon[];
}

export const BAR = 10;
const GAP = 16;

/** Columns by the longest way from a supply. */
function depths(nodes: readonly FlowNode[], links: readonly FlowLink[]): Map<string, number> {
  const depth = new Map(nodes.map((node) => [node.id, 0]));
  // A way has at most as many steps as there are nodes.
  nodes.forEach(() => {
    for (const { source, target } of links) {
      const least = (depth.get(source) ?? 0) + 1;
      depth.set(target, Math.max(depth.get(target) ?? 0, least));
    }
  });
  return depth;
}

function columns(nodes: readonly FlowNode[], links: readonly FlowLink[]): FlowNode[][] {
  const depth = depths(nodes, links);
  const found: FlowNode[][] = [];
  for (const node of nodes) (found[depth.get(node.id) ?? 0] ??= []).push(node);
  return found.filter((column) => column.length > 0);
}

/** Height of 1 kWh so that the fullest column fits. */
function scaleOf(all: readonly FlowNode[][], height: number): number {
  const fits = all.map((column) => {
    const energy = column.reduce((sum, node) => sum + Math.max(node.kwh, 0), 0);
    return energy > 0 ? (height - GAP * (column.length - 1)) / energy : Infinity;
  });
  return Math.max(0, Math.min(...fits));
}

export function draw(
  flow: { nodes: readonly FlowNode[]; links: readonly FlowLink[] },
  width: number,
  height: number,
): Drawing {
  const nodes = flow.nodes.filter((node) => node.kwh > 0);
  const known = new Set(nodes.map((node) => node.id));
  const links = flow.links.filter(
    (link) => link.kwh > 0 && known.has(link.source) && known.has(link.target),
  );
  const all = columns(nodes, links);
  const scale = scaleOf(all, height);
  if (!Number.isFinite(scale)) return { boxes: [], ribbons: [] };
  const boxes = place(all, links, scale, width);
  return { boxes: [...boxes.values()], ribbons: ribbons(boxes, links, scale) };
}

function place(
  all: readonly FlowNode[][],
  links: readonly FlowLink[],
  scale: number,
  width: number,
): Map<string, Box> {
  const boxes = new Map<string, Box>();
  const goesOn = new Set(links.map((link) => link.source));
  const step = all.length > 1 ? (width - BAR) / (all.length - 1) : 0;
  all.forEach((column, index) => {
    let y = 0;
    for (const node of ordered(column, links, boxes)) {
      const height = node.kwh * scale;
      const isNamedLeft = !goesOn.has(node.id) && index < all.length - 1;
      boxes.set(node.id, { node, x: index * step, y, height, isNamedLeft });
      y += height + GAP;
    }
  });
  return boxes;
}

/** Nodes below each other as what feeds them stands. */
function ordered(
  column: readonly FlowNode[],
  links: readonly FlowLink[],
  boxes: ReadonlyMap<string, Box>,
): FlowNode[] {
  const above = (node: FlowNode): number => {
    const feeding = links.filter((link) => link.target === node.id);
    const places = feeding.map((link) => boxes.get(link.source)?.y ?? 0);
    return places.length === 0 ? 0 : Math.min(...places);
  };
  return [...column].sort((a, b) => above(a) - above(b) || b.kwh - a.kwh);
}

function ribbons(
  boxes: ReadonlyMap<string, Box>,
  links: readonly FlowLink[],
  scale: number,
): Ribbon[] {
  const out = new Map<string, number>();
  const into = new Map<string, number>();
  const found: Ribbon[] = [];
  const y = (id: string) => boxes.get(id)?.y ?? 0;
  const sorted = [...links].sort((a, b) => y(a.target) - y(b.target));
  for (const link of sorted) {
    const source = boxes.get(link.source);
    const target = boxes.get(link.target);
    if (source === undefined || target === undefined) continue;
    const width = link.kwh * scale;
    const from = source.y + (out.get(link.source) ?? 0) + width / 2;
    const to = target.y + (into.get(link.target) ?? 0) + width / 2;
    out.set(link.source, (out.get(link.source) ?? 0) + width);
    into.set(link.target, (into.get(link.target) ?? 0) + width);
    found.push({ link, width, path: curve(source.x + BAR, from, target.x, to) });
  }
  return found;
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const middle = (x1 + x2) / 2;
  return `M${at(x1, y1)} C${at(middle, y1)} ${at(middle, y2)} ${at(x2, y2)}`;
}
