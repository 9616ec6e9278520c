/** The sections of the settings, in the order of their list. */
import type { Component } from "svelte";
import type { Right } from "../account/types";
import type { Dictionary } from "../i18n/en";

export interface Section {
  id: string;
  name: (words: Dictionary) => string;
  /** Fetched when it is opened: most people never open most sections. */
  load: () => Promise<{ default: Component }>;
  /** Without this right the section is not shown. */
  right?: Right;
}

export const SECTIONS: readonly Section[] = [
  {
    id: "rules",
    name: (t) => t.settings.rules,
    load: () => import("../rules/RulesSection.svelte"),
  },
  {
    id: "plans",
    name: (t) => t.settings.plans,
    load: () => import("../plans/PlansSection.svelte"),
  },
  {
    id: "channels",
    name: (t) => t.settings.channels,
    load: () => import("../channels/ChannelsSection.svelte"),
    right: "see_channels",
  },
  {
    id: "deliveries",
    name: (t) => t.settings.deliveries,
    load: () => import("../channels/DeliveriesSection.svelte"),
    right: "see_channels",
  },
  {
    id: "duty",
    name: (t) => t.settings.duty,
    load: () => import("../duty/DutySection.svelte"),
  },
  {
    id: "maintenance",
    name: (t) => t.settings.maintenance,
    load: () => import("../maintenance/MaintenanceSection.svelte"),
  },
  {
    id: "performance",
    name: (t) => t.settings.performance,
    load: () => import("../performance/PerformanceSection.svelte"),
  },
  {
    id: "training",
    name: (t) => t.settings.training,
    load: () => import("../training/TrainingPanels.svelte"),
  },
  {
    id: "registry",
    name: (t) => t.settings.registry,
    load: () => import("../registry/Registry.svelte"),
    right: "registry",
  },
  {
    id: "decode",
    name: (t) => t.settings.decode,
    load: () => import("../decode/DecodeBox.svelte"),
    right: "registry",
  },
  {
    id: "profiles",
    name: (t) => t.settings.profiles,
    load: () => import("../profiles/Profiles.svelte"),
    right: "registry",
  },
  {
    id: "system",
    name: (t) => t.settings.system,
    load: () => import("../system/System.svelte"),
    right: "system",
  },
  {
    id: "me",
    name: (t) => t.settings.me,
    load: () => import("../account/MeSection.svelte"),
    right: "own",
  },
  {
    id: "users",
    name: (t) => t.settings.users,
    load: () => import("../account/UsersSection.svelte"),
    right: "users",
  },
  {
    id: "tokens",
    name: (t) => t.settings.tokens,
    load: () => import("../account/TokensSection.svelte"),
    right: "tokens",
  },
  {
    id: "audit",
    name: (t) => t.settings.audit,
    load: () => import("../account/AuditSection.svelte"),
    right: "audit",
  },
];
