import { describe, expect, it } from "vitest";
import type { FlowNode } from "../api/types";
import { draw } from "./sankey";

function node(id: string, kwh: number): FlowNode {
  return { id, kind: "meter", name: { zh: id, en: id }, kwh, coverage: 1, partial_pue: null };
}

const FLOW = {
  nodes: [node("grid", 90), node("pv", 10), node("hub", 100), node("it", 70), node("cool", 30)],
  links: [
    { source: "grid", target: "hub", kwh: 90 },
    { source: "pv", target: "hub", kwh: 10 },
    { source: "hub", target: "it", kwh: 70 },
    { source: "hub", target: "cool", kwh: 30 },
  ],
};

describe("an energy flow", () => {
  it("stands in columns from supplies to uses, as high as its energy", () => {
    const { boxes } = draw(FLOW, 400, 216);
    const of = Object.fromEntries(boxes.map((box) => [box.node.id, box]));
    expect([of.grid?.x, of.hub?.x, of.it?.x]).toEqual([0, 195, 390]);
    expect(of.hub?.height).toBeCloseTo(200);
    expect(of.it?.height).toBeCloseTo(140);
    expect(of.cool?.y).toBeCloseTo(156);
    expect(boxes.filter((box) => box.isNamedLeft)).toEqual([]);
  });

  it("names losses on the left, for another column stands on their right", () => {
    const losses = [...FLOW.links, { source: "it", target: "rack", kwh: 65 }];
    const { boxes } = draw(
      { nodes: [...FLOW.nodes, node("rack", 65)], links: losses },
      400,
      216,
    );
    const left = boxes.filter((box) => box.isNamedLeft).map((box) => box.node.id);
    expect(left).toEqual(["cool"]);
  });

  it("draws a ribbon for each link, as wide as its energy", () => {
    const { ribbons } = draw(FLOW, 400, 216);
    expect(ribbons.map((each) => each.width).reduce((a, b) => a + b)).toBeCloseTo(400);
  });

  it("leaves out what has no energy, and is empty without any", () => {
    expect(draw({ nodes: [node("grid", 0)], links: [] }, 400, 200).boxes).toEqual([]);
  });
});
