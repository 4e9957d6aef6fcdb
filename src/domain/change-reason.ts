import * as z from "zod";

/** Why a change is made; kept in the audit log. */
export const ChangeReason = z.string().trim().min(1).max(500).meta({ description: "Why; kept in the audit log." });
