// Accounts of the billing system.

/** An account as the flows need it. */
export interface Account {
  number: string;
  amount: number;
  currency: string;
}

/**
 * Finds an account by its own number or by a telephone number; undefined when there is none. Throws a
 * CrmError when the billing system cannot say.
 */
export function balanceOf(by: { phone: string } | { account: string }): Account | undefined {
  const answer = crm.billing.balance(by, { timeout: 5 });
  if (!answer?.found) return undefined;
  return {
    number: answer.account ?? "",
    amount: answer.amount ?? 0,
    currency: answer.currency ?? "",
  };
}
