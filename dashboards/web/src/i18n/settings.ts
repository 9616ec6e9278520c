/** Words of the settings' list of sections, in both languages. */

export const en = {
  title: "Settings",
  label: "Sections of the settings",
  quarantine: "Quarantine",
  training: "Training",
};

export const zh: typeof en = {
  title: "设置",
  label: "设置的各部分",
  quarantine: "隔离区",
  training: "演练",
};
