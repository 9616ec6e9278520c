/** A profile to begin with. */
export const TEMPLATE = `# What the message looks like: json or binary; docs/profiles.md tells all.
kind = "json"
description = ""
device = "device"

[time]
path = "ts"
format = "auto"

[[values]]
metric = "water_level"
path = "level"
`;
