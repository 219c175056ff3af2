// The balance as a service: no call, a question from a program and an answer. The configuration says who
// may ask ("services").
//
// Asks billing.balance.

import { balanceOf } from "./lib/account";

export default function account(start: Start) {
  const [phone] = start.params;
  if (!phone) throw new Error("the first parameter is the telephone number");
  const found = balanceOf({ phone });
  return found ? `${found.amount.toFixed(2)} ${found.currency}` : "";
}
