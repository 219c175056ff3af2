// An IVR with a balance from a CRM.
//
// Who calls from a number that the accounts know hears his balance at once; others type the number of
// their account. Then there is a choice: once more, a colleague, or the end.
//
// Asks billing.balance. Rings the queue 700.

import { balanceOf, type Account } from "./lib/account";

const SALES = "700";

export default function balance(call: Call) {
  if (served(call)) {
    call.play("Goodbye.");
    call.hangup();
    return;
  }
  call.queue(SALES);
}

/** Tells the balance, and says whether that was all that the caller wants. */
function served(call: Call): boolean {
  try {
    const account = balanceOf({ phone: call.from }) ?? askForAccount(call);
    if (!account) return false;
    call.tag("account", account.number);
    return heard(call, inWords(account));
  } catch (e) {
    if (!(e instanceof CrmError)) throw e;
    call.play("The accounts cannot be reached now. A colleague will help you.");
    return false;
  }
}

/** Lets the caller type the number of his account, three times if need be. */
function askForAccount(call: Call): Account | undefined {
  for (let tries = 0; tries < 3; tries++) {
    const number = call.collect("Please type the number of your account, and then the hash.", { max: 10, timeout: 8 });
    const account = number ? balanceOf({ account: number }) : undefined;
    if (account) return account;
    call.play("There is no such account.");
  }
  return undefined;
}

/** Says something as often as the caller likes. False: he wants a colleague. */
function heard(call: Call, text: string): boolean {
  for (;;) {
    call.play(text);
    switch (call.menu("To hear it again press 1, for a colleague press 2. Otherwise hang up.", { choices: "12", tries: 2 })) {
      case "1":
        continue;
      case "2":
        return false;
      default:
        return true;
    }
  }
}

function inWords(account: Account): string {
  const amount = `${Math.abs(account.amount).toFixed(2)} ${account.currency}`;
  return account.amount < 0 ? `You owe us ${amount}.` : `On your account are ${amount}.`;
}
