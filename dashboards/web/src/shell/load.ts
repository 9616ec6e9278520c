/** A part of the page that is fetched when it is first shown. */
import type { Component } from "svelte";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever properties
export type Part = Component<any>;
export type Load = () => Promise<{ default: Part }>;
