/** Words of the settings' list of sections, in both languages. */

export const en = {
  title: "Settings",
  label: "Sections of the settings",
  quarantine: "Quarantine",
  training: "Training",
  rules: "Rules",
  channels: "Channels",
  deliveries: "Deliveries",
  duty: "Duty",
  maintenance: "Maintenance",
  plans: "Response plans",
  performance: "Alarm performance",
  me: "My account",
  users: "Users",
  tokens: "API tokens",
  audit: "Audit",
};

export const zh: typeof en = {
  title: "设置",
  label: "设置的各部分",
  quarantine: "隔离区",
  training: "演练",
  rules: "规则",
  channels: "通知渠道",
  deliveries: "发送记录",
  duty: "值班",
  maintenance: "维护与静默",
  plans: "处置预案",
  performance: "告警绩效",
  me: "我的账户",
  users: "用户",
  tokens: "API 令牌",
  audit: "操作审计",
};
