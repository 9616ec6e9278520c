/** The sections of the settings, in the order of their list. */
import type { Component } from "svelte";
import type { Dictionary } from "../i18n/en";
import RulesSection from "../rules/RulesSection.svelte";
import TrainingPanels from "../training/TrainingPanels.svelte";

export interface Section {
  id: string;
  name: (words: Dictionary) => string;
  component: Component;
}

export const SECTIONS: readonly Section[] = [
  { id: "rules", name: (t) => t.settings.rules, component: RulesSection },
  { id: "training", name: (t) => t.settings.training, component: TrainingPanels },
];
