/** Holds the types of accounts and reports against the API's own description. */
import type * as account from "../account/types";
import type * as reports from "../reports/types";
import type { Agree, Known } from "./agreement";

export type Agreement = Agree<
  [
    Known<account.Me, "Me">,
    Known<account.User, "User">,
    Known<account.OwnSession, "Session">,
    Known<account.Token, "Token">,
    Known<account.AuditEntry, "AuditEntry">,
    Known<reports.Report, "Report">,
    Known<reports.Target, "TargetRow">,
    Known<reports.Member, "Member">,
    Known<reports.Portfolio, "Portfolio">,
    Known<reports.Portfolio["groups"][number], "Group">,
  ]
>;
