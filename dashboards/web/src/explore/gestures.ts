/** Wheel, drag with shift, one and two fingers on a chart: from pointers to spans. */
import type { Span } from "../chart/range";
import { moved, zoomedAt } from "./choice";

export interface Plotted {
  /** The span on screen now. */
  span: () => Span;
  /** Shown at once; `final` when the gesture is over. */
  look: (span: Span, final: boolean) => void;
}

const SETTLED_MS = 250;

/** Listens on the part of a chart where lines are drawn; returns what ends it. */
export function listen(area: HTMLElement, of: Plotted): () => void {
  const fingers = new Map<number, number>();
  let settled: ReturnType<typeof setTimeout> | undefined;

  /** Moment under a position on screen. */
  function moment(x: number): number {
    const { left, width } = area.getBoundingClientRect();
    const { start, end } = of.span();
    return start + ((x - left) / Math.max(1, width)) * (end - start);
  }

  function wheel(event: WheelEvent): void {
    // Without a key the wheel scrolls the page, as everywhere.
    if (!event.ctrlKey && !event.shiftKey && !event.altKey) return;
    event.preventDefault();
    const turned = event.deltaY === 0 ? event.deltaX : event.deltaY;
    const span = zoomedAt(of.span(), Math.exp(turned / 500), moment(event.clientX));
    of.look(span, false);
    clearTimeout(settled);
    settled = setTimeout(() => {
      of.look(of.span(), true);
    }, SETTLED_MS);
  }

  function down(event: PointerEvent): void {
    const pans = event.pointerType === "touch" || event.shiftKey || event.button === 1;
    if (!pans) return;
    event.preventDefault();
    event.stopPropagation();
    area.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event.clientX);
  }

  function move(event: PointerEvent): void {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    if (fingers.size === 1) {
      of.look(moved(of.span(), moment(before) - moment(event.clientX)), false);
    } else pinch(event, before);
    fingers.set(event.pointerId, event.clientX);
  }

  function pinch(event: PointerEvent, before: number): void {
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) return;
    const apart = Math.max(20, Math.abs(event.clientX - other));
    const was = Math.max(20, Math.abs(before - other));
    of.look(zoomedAt(of.span(), was / apart, moment((event.clientX + other) / 2)), false);
  }

  function up(event: PointerEvent): void {
    if (fingers.delete(event.pointerId) && fingers.size === 0) of.look(of.span(), true);
  }

  function mouse(event: MouseEvent): void {
    // The drag with shift pans; without this the chart would begin to select.
    if (event.shiftKey || event.button === 1) event.stopImmediatePropagation();
  }

  area.addEventListener("wheel", wheel, { passive: false });
  area.addEventListener("mousedown", mouse, { capture: true });
  area.addEventListener("pointerdown", down);
  area.addEventListener("pointermove", move);
  area.addEventListener("pointerup", up);
  area.addEventListener("pointercancel", up);
  return () => {
    clearTimeout(settled);
    area.removeEventListener("wheel", wheel);
    area.removeEventListener("mousedown", mouse, { capture: true });
    area.removeEventListener("pointerdown", down);
    area.removeEventListener("pointermove", move);
    area.removeEventListener("pointerup", up);
    area.removeEventListener("pointercancel", up);
  };
}
