/** The sections of the settings, in the order of their list. */
import type { Component } from "svelte";
import AuditSection from "../account/AuditSection.svelte";
import MeSection from "../account/MeSection.svelte";
import TokensSection from "../account/TokensSection.svelte";
import UsersSection from "../account/UsersSection.svelte";
import type { Right } from "../account/types";
import type { Dictionary } from "../i18n/en";
import ChannelsSection from "../channels/ChannelsSection.svelte";
import DeliveriesSection from "../channels/DeliveriesSection.svelte";
import DutySection from "../duty/DutySection.svelte";
import MaintenanceSection from "../maintenance/MaintenanceSection.svelte";
import PerformanceSection from "../performance/PerformanceSection.svelte";
import PlansSection from "../plans/PlansSection.svelte";
import RulesSection from "../rules/RulesSection.svelte";
import TrainingPanels from "../training/TrainingPanels.svelte";

export interface Section {
  id: string;
  name: (words: Dictionary) => string;
  component: Component;
  /** Without this right the section is not shown. */
  right?: Right;
}

export const SECTIONS: readonly Section[] = [
  { id: "rules", name: (t) => t.settings.rules, component: RulesSection },
  { id: "plans", name: (t) => t.settings.plans, component: PlansSection },
  {
    id: "channels",
    name: (t) => t.settings.channels,
    component: ChannelsSection,
    right: "see_channels",
  },
  {
    id: "deliveries",
    name: (t) => t.settings.deliveries,
    component: DeliveriesSection,
    right: "see_channels",
  },
  { id: "duty", name: (t) => t.settings.duty, component: DutySection },
  { id: "maintenance", name: (t) => t.settings.maintenance, component: MaintenanceSection },
  { id: "performance", name: (t) => t.settings.performance, component: PerformanceSection },
  { id: "training", name: (t) => t.settings.training, component: TrainingPanels },
  { id: "me", name: (t) => t.settings.me, component: MeSection, right: "own" },
  { id: "users", name: (t) => t.settings.users, component: UsersSection, right: "users" },
  { id: "tokens", name: (t) => t.settings.tokens, component: TokensSection, right: "tokens" },
  { id: "audit", name: (t) => t.settings.audit, component: AuditSection, right: "audit" },
];
