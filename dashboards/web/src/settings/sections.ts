/** The sections of the settings, in the order of their list. */
import type { Component } from "svelte";
import type { Dictionary } from "../i18n/en";
import TrainingPanels from "../training/TrainingPanels.svelte";

export interface Section {
  id: string;
  name: (words: Dictionary) => string;
  component: Component;
}

export const SECTIONS: readonly Section[] = [
  { id: "training", name: (t) => t.settings.training, component: TrainingPanels },
];
